{{- define "rocketmq-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{/* Rights, which reach beyond the release's namespace; apache/rocketmq-operator has a ClusterRole rocketmq-operator. */}}
{{- define "rocketmq-operator.rights" -}}
{{ include "rocketmq-operator.fullname" . | replace "rocketmq-operator" "rocketmq-nameserver-operator" }}
{{- end }}

{{/* NetworkPolicies of NameServers let in whoever has name and component, so neither can be changed. */}}
{{- define "rocketmq-operator.selectorLabels" -}}
app.kubernetes.io/name: rocketmq-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{/*
metadata of an object. Takes a dict: root, name, and optionally namespace, component, and labels and
annotations of its own. Labels that others go by win over those that people give.
*/}}
{{- define "rocketmq-operator.metadata" -}}
{{- $root := .root -}}
{{- $chart := printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $labels := dict "app.kubernetes.io/name" "rocketmq-operator" "app.kubernetes.io/instance" $root.Release.Name -}}
{{- $labels = merge $labels (dict "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" $chart) -}}
{{- with .component }}{{ $labels = merge $labels (dict "app.kubernetes.io/component" .) }}{{ end -}}
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- toYaml (merge $labels (.labels | default dict) $root.Values.commonLabels) | nindent 4 }}
  {{- with merge (dict) (.annotations | default dict) $root.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "rocketmq-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "rocketmq-operator.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "rocketmq-operator.image" -}}
{{- with .Values.image -}}
{{- $tag := .tag | default (ternary "" $.Chart.AppVersion (ne .digest "")) -}}
{{ with .registry }}{{ . }}/{{ end }}{{ .repository }}{{ with $tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}

{{/* The namespaces that the operator looks after, as a JSON list; empty for all. */}}
{{- define "rocketmq-operator.namespaces" -}}
{{- if eq .Values.scope "ReleaseNamespace" -}}
{{ list .Release.Namespace | toJson }}
{{- else -}}
{{ .Values.namespaces | toJson }}
{{- end -}}
{{- end }}

{{- define "rocketmq-operator.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "rocketmq-operator.serviceAccountName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}
