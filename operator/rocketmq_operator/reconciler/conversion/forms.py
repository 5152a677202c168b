"""The form that objects have to have before they are converted.

Only fields that the conversion looks into are named; whatever else there is may be anything.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler.kinds import Object

Part = dict[str, Any]


class Form(Struct, rename="camel"):
    """A part of an object; a field may be missing or null."""


class Metadata(Form):
    """Who an object is."""

    name: str
    namespace: str | None = None
    annotations: dict[str, Any] | None = None
    owner_references: list[Part] | None = None


class Described(Form):
    """``metadata`` of what has no name of its own."""

    name: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, Any] | None = None


class Expression(Form):
    """One rule of a label selector."""

    key: str
    operator: str
    values: list[str] | None = None


class Selector(Form):
    """A label selector."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None


class Selecting(Form):
    """What has a label selector: a term of an affinity, a spread constraint, a budget."""

    label_selector: Selector | None = None
    selector: Selector | None = None


class Weighted(Form):
    """A term of an affinity that is preferred."""

    pod_affinity_term: Selecting | None = None


class PodAffinity(Form):
    """``podAffinity`` or ``podAntiAffinity``."""

    required_during_scheduling_ignored_during_execution: list[Selecting] | None = None
    preferred_during_scheduling_ignored_during_execution: list[Weighted] | None = None


class Affinity(Form):
    """``affinity`` of a pod."""

    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class Resources(Form):
    """``resources`` of a container or a claim."""

    requests: dict[str, str | int | float] | None = None
    limits: dict[str, str | int | float] | None = None


class Variable(Form):
    """One of ``env``."""

    name: str
    value: str | None = None


class VariableSource(Form):
    """One of ``envFrom``."""

    prefix: str | None = None


class Mount(Form):
    """One of ``volumeMounts``."""

    name: str
    mount_path: str
    sub_path: str | None = None


class ContainerPort(Form):
    """One of ``ports``."""

    container_port: int


class KeyToPath(Form):
    """One of ``items`` of a volume."""

    key: str
    path: str


class ConfigMapVolume(Form):
    """``configMap`` of a volume."""

    name: str | None = None
    items: list[KeyToPath] | None = None


class Volume(Form):
    """One of ``volumes``."""

    name: str
    config_map: ConfigMapVolume | None = None


class Container(Form):
    """One of ``containers``."""

    name: str | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[Variable] | None = None
    env_from: list[VariableSource] | None = None
    ports: list[ContainerPort] | None = None
    volume_mounts: list[Mount] | None = None
    resources: Resources | None = None
    security_context: Part | None = None


class Pod(Form):
    """``spec`` of a pod."""

    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    volumes: list[Volume] | None = None
    affinity: Affinity | None = None
    topology_spread_constraints: list[Selecting] | None = None
    security_context: Part | None = None
    host_network: bool | None = None
    dns_policy: str | None = None
    termination_grace_period_seconds: int | None = None


class Template(Form):
    """``template`` of a workload."""

    metadata: Described | None = None
    spec: Pod | None = None


class ClaimSpec(Form):
    """``spec`` of a claim."""

    access_modes: list[str] | None = None
    storage_class_name: str | None = None
    resources: Resources | None = None


class Claim(Form):
    """One of ``volumeClaimTemplates``."""

    metadata: Described | None = None
    spec: ClaimSpec | None = None


class WorkloadSpec(Form):
    """``spec`` of a StatefulSet or a Deployment."""

    replicas: int | None = None
    selector: Selector | None = None
    template: Template | None = None
    update_strategy: Part | None = None
    min_ready_seconds: int | None = None
    volume_claim_templates: list[Claim] | None = None
    persistent_volume_claim_retention_policy: Part | None = None


class NameServiceSpec(Form):
    """``spec`` of a NameService."""

    size: int | None = None
    name_service_image: str | None = None
    image_pull_policy: str | None = None
    host_network: bool | None = None
    dns_policy: str | None = None
    resources: Resources | None = None
    storage_mode: str | None = None
    host_path: str | None = None
    env: list[Variable] | None = None
    volume_claim_templates: list[Claim] | None = None
    security_context: Part | None = None
    container_security_context: Part | None = None
    pod_annotations: dict[str, Any] | None = None
    affinity: Affinity | None = None


class ServicePort(Form):
    """One of ``ports`` of a Service."""

    node_port: int | None = None


class ServiceSpec(Form):
    """``spec`` of a Service."""

    type: str | None = None
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None


class Anything(Form):
    """An object of a kind that is not looked into."""

    metadata: Metadata


class Workload(Anything):
    """A StatefulSet or a Deployment."""

    spec: WorkloadSpec | None = None


class NameService(Anything):
    """A NameService."""

    spec: NameServiceSpec | None = None


class Service(Anything):
    """A Service."""

    spec: ServiceSpec | None = None


class Budget(Anything):
    """A PodDisruptionBudget."""

    spec: Selecting | None = None


class ConfigMap(Anything):
    """A ConfigMap."""

    data: dict[str, str] | None = None


BY_KIND: Final[dict[tuple[str, str], type[Anything]]] = {
    ("apps/v1", "StatefulSet"): Workload,
    ("apps/v1", "Deployment"): Workload,
    ("rocketmq.apache.org/v1alpha1", "NameService"): NameService,
    ("v1", "Service"): Service,
    ("v1", "ConfigMap"): ConfigMap,
    ("policy/v1", "PodDisruptionBudget"): Budget,
}


def check(document: Object) -> None:
    """Raise SpecError where an object cannot be what it says it is."""
    try:
        kind = (document["apiVersion"], document["kind"])
        msgspec.convert(document, BY_KIND.get(kind, Anything))
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SpecError(path.rstrip("`"), reason) from error
