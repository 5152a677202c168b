"""A container's environment, command and arguments."""

import re
from collections.abc import Mapping

from harness.images import Image
from harness.node.fields import field_value, resource_value
from harness.node.objects import Object
from harness.node.sources import Sources, value_of

REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")
ANY_ADDRESS = re.compile(r"(?<![\d.])0\.0\.0\.0(?![\d.])")
VARIABLE_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


class NoCommandError(Exception):
    """Neither the container nor its image says what to run."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace $(NAME) by its value; $$ is a dollar, unknown names stay as they are."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        return "$" if name is None else variables.get(name, found[0])

    return REFERENCE.sub(value, text)


def own_address(text: str, pod_ip: str) -> str:
    """Put the pod's own address where a program is told to listen on 0.0.0.0.

    Pods share this machine's network here, so that "all addresses" would be everybody's.
    """
    return ANY_ADDRESS.sub(pod_ip, text)


def container_environment(
    pod: Object, container: Object, sources: Sources, base: Mapping[str, str]
) -> dict[str, str]:
    """The variables of a container over those in `base` (image, API server).

    Raises MissingSourceError, UnknownFieldError.
    """
    namespace = pod["metadata"]["namespace"]
    variables = dict(base)
    for source in container.get("envFrom", ()):
        variables |= _from_all_keys(namespace, source, sources)
    for entry in container.get("env", ()):
        value = _value(pod, container, entry, sources)
        if value is not None:
            variables[entry["name"]] = expand(value, variables)
    pod_ip = field_value(pod, "status.podIP")
    return {name: own_address(value, pod_ip) for name, value in variables.items()}


def command_line(container: Object, image: Image, variables: Mapping[str, str]) -> list[str]:
    """Program and arguments as the image and the container say. Raises NoCommandError."""
    own = container.get("command") or []
    arguments = container.get("args") or ([] if own else list(image.command))
    words = [*(own or image.entrypoint), *arguments]
    if not words:
        raise NoCommandError(f"no command specified for container {container['name']!r}")
    return [expand(word, variables) for word in words]


def _from_all_keys(namespace: str, source: Object, sources: Sources) -> dict[str, str]:
    if "configMapRef" in source:
        data = sources.configmap(namespace, source["configMapRef"])
    else:
        data = sources.secret(namespace, source["secretRef"])
    prefix = source.get("prefix", "")
    named = {prefix + key: value.decode() for key, value in (data or {}).items()}
    return {name: value for name, value in named.items() if VARIABLE_NAME.fullmatch(name)}


def _value(pod: Object, container: Object, entry: Object, sources: Sources) -> str | None:
    origin = entry.get("valueFrom")
    if not origin:
        return str(entry.get("value", ""))
    if reference := origin.get("fieldRef"):
        return field_value(pod, reference["fieldPath"])
    if reference := origin.get("resourceFieldRef"):
        return resource_value(pod, reference, container["name"])
    namespace = pod["metadata"]["namespace"]
    if reference := origin.get("configMapKeyRef"):
        return value_of(sources.configmap(namespace, reference), reference, "ConfigMap")
    reference = origin["secretKeyRef"]
    return value_of(sources.secret(namespace, reference), reference, "Secret")
