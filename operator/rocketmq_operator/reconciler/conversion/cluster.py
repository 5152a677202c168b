"""A NameServerCluster that runs what an origin runs."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from rocketmq_operator.reconciler.conversion import (
    commandline,
    environment,
    namesrvconfig,
    pod,
    services,
    volumes,
)
from rocketmq_operator.reconciler.conversion.fields import filled
from rocketmq_operator.reconciler.conversion.origin import Origin, Surroundings
from rocketmq_operator.reconciler.kinds import CLUSTER, Object
from rocketmq_operator.reconciler.resources import desired
from rocketmq_operator.reconciler.spec import Flavor, Ports, parse

MOST: Final = 9
"""Servers of one cluster."""
NAME_LENGTH: Final = 40
LOWEST_PORT: Final = 1024
DEFAULTS: Final = Ports()
OWN_IMAGE: Final = "flavor Native runs the operator's image; to name one use spec.image"
NO_SCRIPT: Final = "the operator starts the server itself"
FOR_A_JVM: Final = "kept, though a server of flavor Native needs much less: see spec.resources"
NO_FILE: Final = (
    "its properties are not in the files: give its ConfigMap as well, or write them to "
    "spec.namesrvConfig"
)


class Mounted(NamedTuple):
    """A key of a ConfigMap as a file: the volume, the ConfigMap, the key and the path."""

    volume: str
    config_map: str
    key: str
    path: str


def build(origin: Origin, around: Surroundings, flavor: Flavor, kv: Object) -> Object:
    """The manifest; ``kv`` are parts of a spec. ``replicas`` is always said. Raises SpecError."""
    name = _name(origin)
    program = {part: origin.container.take(part) for part in ("command", "args")}
    line = commandline.read(program) or commandline.CommandLine()
    properties, config_volumes = _properties(origin, around, line.config)
    for option in line.unknown:
        origin.remarks.left(origin.container.at("command"), option, NO_SCRIPT)
    spec = filled(
        **_replicas(origin),
        flavor="Java" if flavor is Flavor.JAVA else None,
        **_image(origin, flavor),
        imagePullSecrets=origin.pod.take("imagePullSecrets"),
        ports=_ports(origin, properties),
        resources=_resources(origin, flavor),
        storage=volumes.storage(origin),
        pod=_with_options(pod.wanted(origin, flavor, config_volumes, name), line, flavor, origin),
        **services.wanted(origin, around, name),
        namesrvConfig=namesrvconfig.wanted(properties, flavor, origin.remarks),
        **kv,
        podDisruptionBudget=services.budget(origin, around),
        rollout=origin.rollout,
    )
    origin.container.take("name")
    pod.remark_on_rest(origin)
    metadata = filled(name=name, namespace=origin.namespace)
    body = {
        "apiVersion": CLUSTER.api_version,
        "kind": CLUSTER.name,
        "metadata": metadata,
        "spec": spec,
    }
    # Raises SpecError for what the operator would make nothing of.
    desired(parse({**body, "metadata": {"namespace": "", "uid": "", **metadata}}, ""))
    return body


def _name(origin: Origin) -> str:
    name = re.sub(r"[^-a-z0-9]", "-", origin.name)
    name = (name if name[:1].isalpha() else f"n{name}")[:NAME_LENGTH].rstrip("-")
    if name != origin.name:
        words = f"{name} is used: a name has at most 40 of a-z, 0-9 and '-', a letter first"
        origin.remarks.say("metadata.name", origin.name, words)
    return name


def _replicas(origin: Origin) -> Object:
    # Both kinds of objects mean one server where they say nothing.
    path, given = origin.replicas_at, 1 if origin.replicas is None else origin.replicas
    if given > MOST:
        origin.remarks.say(path, given, f"{MOST} are used, the most that there can be")
    if given < 1:
        origin.remarks.say(path, given, "spec.suspend is set; set it to false to start one")
        return {"replicas": 1, "suspend": True}
    return {"replicas": min(given, MOST)}


def _image(origin: Origin, flavor: Flavor) -> Object:
    path = origin.container.at("image")
    image, policy = origin.container.take("image"), origin.container.take("imagePullPolicy")
    if flavor is Flavor.JAVA:
        return filled(image=image, imagePullPolicy=policy)
    if image:
        origin.remarks.left(path, f"{image} ({policy})" if policy else image, OWN_IMAGE)
    return {}


def _ports(origin: Origin, properties: dict[str, str]) -> Object:
    path, given = origin.container.at("ports"), origin.container.take_objects("ports")
    numbers = [port["containerPort"] for port in given]
    # A list of ports is for people only; without a word in its file a server listens at 9876.
    chosen = namesrvconfig.port(properties) or DEFAULTS.remoting
    for number in numbers:
        if number != chosen:
            origin.remarks.left(path, number, "a server has the two ports of spec.ports only")
    if chosen < LOWEST_PORT:
        origin.remarks.left(path, chosen, f"{DEFAULTS.remoting} is used; below 1024 needs root")
        chosen = DEFAULTS.remoting
    parts = {
        "remoting": None if chosen == DEFAULTS.remoting else chosen,
        "http": 8081 if chosen == DEFAULTS.http else None,
    }
    return filled(**parts)


def _resources(origin: Origin, flavor: Flavor) -> Any:
    path, given = origin.container.at("resources"), origin.container.take_mapping("resources")
    for unknown in given.keys() - {"limits", "requests"}:
        origin.remarks.left(f"{path}.{unknown}", given[unknown], "spec.resources has no such field")
    found = {part: given[part] for part in ("requests", "limits") if given.get(part)}
    if found and flavor is Flavor.NATIVE:
        origin.remarks.say(path, found, FOR_A_JVM)
    return found


def _with_options(
    found: Object, line: commandline.CommandLine, flavor: Flavor, origin: Origin
) -> Object:
    """The pod, with the options of Java on the command line in its environment."""
    if not line.java_options:
        return found
    text = " ".join(line.java_options)
    if flavor is Flavor.NATIVE:
        path = origin.container.at("command")
        origin.remarks.left(path, text, environment.NO_JAVA)
        return found
    own = {"name": environment.OPTIONS, "value": text}
    env = [one for one in found.get("env", ()) if one.get("name") != environment.OPTIONS]
    return {**found, "env": [*env, own]}


def _properties(
    origin: Origin, around: Surroundings, file: str | None
) -> tuple[dict[str, str], frozenset[str]]:
    """What the file of the server says, and the volumes that bring it."""
    if file is None:
        return {}, frozenset()
    for mounted in _mounted(origin, around):
        if _means(file, mounted.path):
            found = _key(around, mounted)
            return namesrvconfig.read(f"ConfigMap {mounted.config_map}", found), frozenset(
                {mounted.volume}
            )
    origin.remarks.left(origin.container.at("command"), f"-c {file}", NO_FILE)
    return {}, frozenset()


def _means(file: str, path: str) -> bool:
    """Whether ``file``, which may be relative or have variables in it, can be ``path``."""
    if file.startswith("/") and "$" not in file:
        return posixpath.normpath(file) == posixpath.normpath(path)
    return posixpath.basename(file) == posixpath.basename(path)


def _key(around: Surroundings, mounted: Mounted) -> str:
    return next(
        str(one["data"][mounted.key])
        for one in around.config_maps
        if one["metadata"]["name"] == mounted.config_map
    )


def _mounted(origin: Origin, around: Surroundings) -> Iterator[Mounted]:
    """All keys of the ConfigMaps in the files that the server sees as files."""
    known = {one["metadata"]["name"]: one.get("data") or {} for one in around.config_maps}
    sources = {
        volume["name"]: volume.get("configMap") or {}
        for volume in origin.pod.peek_objects("volumes")
    }
    for mount in origin.container.peek_objects("volumeMounts"):
        source = sources.get(mount["name"], {})
        data = known.get(source.get("name"), {})
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        for item in items:
            path = mount["mountPath"]
            inside = mount.get("subPath")
            if item["key"] in data and inside in (None, "", item["path"]):
                where = path if inside else posixpath.join(path, item["path"])
                yield Mounted(mount["name"], source["name"], item["key"], where)
