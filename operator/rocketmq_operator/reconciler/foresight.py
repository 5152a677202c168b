"""What a changed NameServerCluster would do: to objects, to servers, to pods.

By the functions that the reconciler itself goes by, from the spec as it is and as it would be.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from rocketmq_operator.protocol.configuration import PROPERTIES, read_at_start
from rocketmq_operator.reconciler import interpret, plan, sync
from rocketmq_operator.reconciler.differences import FieldChange, fields
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.plan import Child
from rocketmq_operator.reconciler.resources import Circumstances, desired
from rocketmq_operator.reconciler.spec import Cluster, Strategy
from rocketmq_operator.reconciler.sync import Held

TEMPLATE = "spec.template."


class ObjectChange(Struct, frozen=True, rename="camel"):
    """One object: ``action`` is create, change or delete."""

    action: str
    kind: str
    name: str
    fields: tuple[FieldChange, ...] = ()


class WireChange(Struct, frozen=True, rename="camel"):
    """What is written to every server while it runs."""

    set_config: dict[str, str]
    put_kv: dict[str, str]
    delete_kv: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.set_config or self.put_kv or self.delete_kv)


class Foresight(Struct, frozen=True, rename="camel"):
    """All that follows from one change; ``restarts`` are pods, ``because`` the fields behind it."""

    cluster: str
    objects: tuple[ObjectChange, ...]
    wire: WireChange
    restarts: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """For programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2)

    def to_text(self) -> str:
        """For people."""
        return "\n".join(_lines(self)) + "\n"


def foresee(before: Cluster | None, after: Cluster, given: Circumstances) -> Foresight:
    """What follows when ``before`` becomes ``after``; None is a cluster that is new.

    ``given`` is what the live objects of ``before`` say. Raises SpecError.
    """
    old = _children(before, given) if before else {}
    objects = tuple(_objects(old, _children(after, given)))
    because = tuple(_template_changes(objects)) if before else ()
    rolling = because and after.spec.rollout.strategy is Strategy.GATED
    servers = min(before.spec.servers, after.spec.servers) if before else 0
    return Foresight(
        str(after.key),
        objects,
        _wire(before, after, given) if before else WireChange({}, {}, ()),
        tuple(after.names.pod(n) for n in reversed(range(servers))) if rolling else (),
        because,
        tuple(_notes(before, after, bool(because))),
    )


def _children(cluster: Cluster, given: Circumstances) -> dict[Child, Object]:
    return {plan.child_of(child): child for child in desired(cluster, given)}


def _objects(
    before: Mapping[Child, Object], after: Mapping[Child, Object]
) -> Iterator[ObjectChange]:
    for child, wanted in after.items():
        if child not in before:
            yield ObjectChange("create", *child)
        elif changed := tuple(fields(before[child], wanted)):
            yield ObjectChange("change", *child, changed)
    for child in before.keys() - after.keys():
        yield ObjectChange("delete", *child)


def _template_changes(objects: Sequence[ObjectChange]) -> Iterator[str]:
    for change in objects:
        if change.kind == "StatefulSet":
            yield from (
                field.path.removeprefix(TEMPLATE)
                for field in change.fields
                if field.path.startswith(TEMPLATE)
            )


def _wire(before: Cluster, after: Cluster, given: Circumstances) -> WireChange:
    """What servers that hold what ``before`` asks for would be sent."""
    old, new = (
        interpret.wanted(cluster, given.inventory.following(cluster)) for cluster in (before, after)
    )
    known = dict.fromkeys([*PROPERTIES, *new.config], "")
    held = Held({**known, **old.config_target()}, old.kv)
    todo = sync.writes(new, held, old)
    return WireChange(
        dict(sorted(todo.config.items())),
        {"/".join(key): value for key, value in sorted(todo.put.items())},
        tuple("/".join(key) for key in todo.delete),
    )


def _notes(before: Cluster | None, after: Cluster, template: bool) -> Iterator[str]:
    if after.spec.paused:
        yield "spec.paused is true: nothing is done until it is false"
    if template and after.spec.rollout.strategy is Strategy.ON_DELETE:
        yield "rollout.strategy is OnDelete: pods change when somebody deletes them"
    if before is None:
        return
    config = after.spec.namesrv_config
    changed = [k for k, value in config.items() if before.spec.namesrv_config.get(k) != value]
    late = read_at_start({key: config[key] for key in changed})
    if late and not template:
        yield f"{', '.join(sorted(late))}: servers take this over when they are restarted"
    if after.spec.servers != before.spec.servers:
        yield f"servers: {before.spec.servers} -> {after.spec.servers}"


def _lines(seen: Foresight) -> Iterator[str]:
    yield f"NameServerCluster {seen.cluster}"
    for change in seen.objects:
        yield f"  {change.action} {change.kind} {change.name}"
        for field in change.fields:
            yield f"      {field.path}: {_shown(field.before)} -> {_shown(field.after)}"
    if seen.wire:
        yield "  on every server, while it runs:"
        yield from (f"      set {key} = {value}" for key, value in seen.wire.set_config.items())
        yield from (f"      put KV {key} = {value}" for key, value in seen.wire.put_kv.items())
        yield from (f"      delete KV {key}" for key in seen.wire.delete_kv)
    if seen.restarts:
        yield f"  replaces, one at a time: {', '.join(seen.restarts)}"
    yield from (f"  note: {note}" for note in seen.notes)
    if not (seen.objects or seen.wire or seen.notes):
        yield "  nothing changes"


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode() if value is not None else "(none)"
    return text if len(text) <= 200 else f"{text[:197]}..."
