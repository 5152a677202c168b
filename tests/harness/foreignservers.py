"""NameServers as others run them, and what `rocketmq-operator convert` makes of them."""

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from harness.product import ROOT
from rocketmq_operator.reconciler.conversion import Conversion, convert
from rocketmq_operator.reconciler.spec import Flavor

Object = dict[str, Any]
CRD: Final = ROOT / "crds/nameserverclusters.namesrv.dev.yaml"
SCHEMA: Final[Object] = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"][
    "openAPIV3Schema"
]
NATIVE: Final = Flavor.NATIVE
JAVA: Final = Flavor.JAVA

NAME_SERVICE: Final[Object] = {
    "apiVersion": "rocketmq.apache.org/v1alpha1",
    "kind": "NameService",
    "metadata": {"name": "name-service", "namespace": "mq"},
    "spec": {
        "size": 2,
        "nameServiceImage": "apacherocketmq/rocketmq-nameserver:4.5.0-alpine-operator-0.3.0",
        "imagePullPolicy": "Always",
        "hostNetwork": False,
        "dnsPolicy": "ClusterFirst",
        "resources": {
            "requests": {"memory": "512Mi", "cpu": "250m"},
            "limits": {"memory": "1024Mi"},
        },
        "storageMode": "EmptyDir",
        "hostPath": "/data/rocketmq/nameserver",
        "volumeClaimTemplates": [
            {
                "metadata": {
                    "name": "namesrv-storage",
                    "annotations": {"volume.beta.kubernetes.io/storage-class": "rocketmq-storage"},
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
        ],
    },
}

STATEFUL_SET: Final[Object] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "namesrv", "namespace": "mq"},
    "spec": {
        "serviceName": "namesrv-headless",
        "replicas": 3,
        "selector": {"matchLabels": {"app": "namesrv"}},
        "template": {
            "metadata": {"labels": {"app": "namesrv"}},
            "spec": {
                "containers": [
                    {
                        "name": "namesrv",
                        "image": "apache/rocketmq:5.3.3",
                        "command": ["sh", "mqnamesrv", "-c", "/etc/namesrv/namesrv.conf"],
                        "ports": [{"containerPort": 19876, "name": "main"}],
                        "volumeMounts": [{"name": "conf", "mountPath": "/etc/namesrv"}],
                    }
                ],
                "volumes": [{"name": "conf", "configMap": {"name": "namesrv-conf"}}],
            },
        },
    },
}

CONFIG_MAP: Final[Object] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "namesrv-conf", "namespace": "mq"},
    "data": {"namesrv.conf": "# for the shop\nlistenPort = 19876\norderMessageEnable=true\n"},
}

BROKER: Final[Object] = {
    "name": "broker",
    "image": "apache/rocketmq:5.3.3",
    "command": ["sh", "mqbroker"],
}


def service(name: str = "namesrv", **spec: Any) -> Object:
    """A Service that selects the pods of STATEFUL_SET."""
    ports = [{"port": 9876, "targetPort": 9876}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "mq"},
        "spec": {"selector": {"app": "namesrv"}, "ports": ports, **spec},
    }


Way = tuple[Any, ...]
"""Keys, and indexes of lists, that lead to a value in a document."""


def replaced(body: Object, way: Way, value: Any) -> Object:
    """A copy with another value there."""
    found = copy.deepcopy(body)
    at: Any = found
    for step in way[:-1]:
        at = at[step] if isinstance(at, list) else at.setdefault(step, {})
    at[way[-1]] = value
    return found


def changed(body: Object, path: str, value: Any) -> Object:
    """A copy with another value at a path of keys with ``/`` between them."""
    return replaced(body, tuple(path.split("/")), value)


def name_service(**spec: Any) -> Object:
    """NAME_SERVICE with these fields of its spec."""
    return {**NAME_SERVICE, "spec": {**NAME_SERVICE["spec"], **spec}}


def in_pod(**fields: Any) -> Object:
    """STATEFUL_SET with these fields of its pods."""
    pod = STATEFUL_SET["spec"]["template"]["spec"]
    return changed(STATEFUL_SET, "spec/template/spec", {**pod, **fields})


def in_container(**fields: Any) -> Object:
    """STATEFUL_SET with these fields of its container."""
    container = STATEFUL_SET["spec"]["template"]["spec"]["containers"][0]
    return in_pod(containers=[{**container, **fields}])


def converted(*documents: Object, flavor: Flavor = NATIVE) -> Conversion:
    """What becomes of these documents, whose results the CRD takes."""
    found = convert([("given.yaml", yaml.safe_dump_all(documents))], flavor)
    for made in found.clusters:
        assert list(refusals(made["spec"], SCHEMA["properties"]["spec"], "spec")) == []
    return found


def spec(*documents: Object, flavor: Flavor = NATIVE) -> Object:
    """The spec of the only cluster that becomes of these documents."""
    (made,) = converted(*documents, flavor=flavor).clusters
    found: Object = made["spec"]
    return found


def remarks(*documents: Object, flavor: Flavor = NATIVE) -> str:
    """What is said of them, line by line."""
    return "\n".join(converted(*documents, flavor=flavor).remarks)


def refusals(value: Any, schema: Object, path: str) -> Iterator[str]:
    """What a schema of the CRD refuses: unknown and missing fields, values out of their form."""
    if isinstance(value, dict):
        fields, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        yield from (f"{path}.{n}: unknown" for n in value if not (n in fields or others))
        yield from (f"{path}.{n}: missing" for n in schema.get("required", ()) if n not in value)
        for name, member in value.items():
            yield from refusals(member, fields.get(name, others), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from refusals(item, schema["items"], f"{path}[{index}]")
    elif not _of_its_form(value, schema):
        yield f"{path}: {value!r} is not {schema}"


def _of_its_form(value: Any, schema: Object) -> bool:
    kinds = {"string": str, "integer": int, "boolean": bool}
    return (
        isinstance(value, kinds.get(schema.get("type", ""), object))
        and value in schema.get("enum", [value])
        and (not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None)
    )
