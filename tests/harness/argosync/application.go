package main

import (
	"fmt"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	trackingAnnotation = "argocd.argoproj.io/tracking-id"
	// What application.instanceLabelKey is unless argocd-cm says something else.
	trackingLabel = "app.kubernetes.io/instance"
	byLabel       = "label"
)

// application is what matters here of an Argo CD Application.
type application struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// annotation or label.
	Tracking string `json:"tracking"`
	// threeWay, structured or server.
	Diff            string                       `json:"diff"`
	ServerSideApply bool                         `json:"serverSideApply"`
	Prune           bool                         `json:"prune"`
	Objects         []*unstructured.Unstructured `json:"objects"`
	// JSON pointers, of all kinds.
	IgnoreDifferences        []string `json:"ignoreDifferences"`
	RespectIgnoreDifferences bool     `json:"respectIgnoreDifferences"`
}

// marks are what an object carries by which Argo CD knows whose it is.
type marks struct {
	label, annotation string
}

func marksOf(object *unstructured.Unstructured) marks {
	return marks{object.GetLabels()[trackingLabel], object.GetAnnotations()[trackingAnnotation]}
}

// tracks tells whether an object is marked as the application's. A copy of the annotation on another
// object is no mark.
func (a *application) tracks(resource *cache.Resource) bool {
	found, known := resource.Info.(marks)
	if !known {
		return false
	}
	if a.Tracking == byLabel {
		return found.label == a.Name
	}
	return found.annotation == a.trackingID(resource.ResourceKey())
}

func (a *application) trackingID(key kube.ResourceKey) string {
	return fmt.Sprintf("%s:%s/%s:%s/%s", a.Name, key.Group, key.Kind, key.Namespace, key.Name)
}

// targets are the objects as they are applied: in the application's namespace and marked.
func (a *application) targets(kinds kube.ResourceInfoProvider) []*unstructured.Unstructured {
	targets := make([]*unstructured.Unstructured, 0, len(a.Objects))
	for _, each := range a.Objects {
		target := each.DeepCopy()
		namespaced, err := kinds.IsNamespaced(target.GroupVersionKind().GroupKind())
		if err == nil && namespaced && target.GetNamespace() == "" {
			target.SetNamespace(a.Namespace)
		}
		a.mark(target)
		targets = append(targets, target)
	}
	return targets
}

func (a *application) mark(target *unstructured.Unstructured) {
	if a.Tracking == byLabel {
		target.SetLabels(with(target.GetLabels(), trackingLabel, a.Name))
		return
	}
	id := a.trackingID(kube.GetResourceKey(target))
	target.SetAnnotations(with(target.GetAnnotations(), trackingAnnotation, id))
}

func with(values map[string]string, key, value string) map[string]string {
	if values == nil {
		values = map[string]string{}
	}
	values[key] = value
	return values
}

// Normalize takes out what is not compared: what the Application says, and the status, as Argo CD
// does for all kinds unless told otherwise.
func (a *application) Normalize(object *unstructured.Unstructured) error {
	unstructured.RemoveNestedField(object.Object, "status")
	for _, pointer := range a.IgnoreDifferences {
		unstructured.RemoveNestedField(object.Object, fields(pointer)...)
	}
	return nil
}

// respect does what RespectIgnoreDifferences asks for, which is Argo CD's own and not its engine's:
// what is not compared is applied as it is live.
func (a *application) respect(target, live *unstructured.Unstructured) error {
	for _, pointer := range a.IgnoreDifferences {
		path := fields(pointer)
		value, found, err := unstructured.NestedFieldCopy(live.Object, path...)
		if err != nil {
			return err
		}
		if !found {
			unstructured.RemoveNestedField(target.Object, path...)
		} else if err := unstructured.SetNestedField(target.Object, value, path...); err != nil {
			return err
		}
	}
	return nil
}

// fields are the steps of a JSON pointer, RFC 6901, that leads through no list.
func fields(pointer string) []string {
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for index, each := range steps {
		steps[index] = strings.NewReplacer("~1", "/", "~0", "~").Replace(each)
	}
	return steps
}
