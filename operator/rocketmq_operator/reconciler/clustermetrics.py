"""Prometheus metrics of each NameServerCluster, made of its status when somebody scrapes.

So they say what ``kubectl get`` says, and none is left over of a cluster that is gone.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily

from rocketmq_operator.reconciler.kinds import Key, Object

PREFIX: Final = "rocketmq_operator_cluster_"
LABELS: Final = ("namespace", "name")


class Pass(NamedTuple):
    """The last reconcile of a cluster: when it ended (Unix time) and how."""

    ended: float
    succeeded: bool


def families(clusters: Iterable[Object], passes: Mapping[Key, Pass]) -> Iterator[GaugeMetricFamily]:
    """All families, each with the samples of all clusters."""
    known = [(_key(body), body) for body in clusters]
    yield _family(
        "condition",
        "1 for the status that a condition has, 0 for the others.",
        ("type", "status"),
        ((key, labels, value) for key, body in known for labels, value in _conditions(body)),
    )
    yield _family(
        "servers",
        "NameServers: wanted, existing, updated to the current template, ready.",
        ("state",),
        ((key, (state,), value) for key, body in known for state, value in _servers(body)),
    )
    yield _family(
        "brokers",
        "Brokers in status: online, of them not seen alike by all servers, and offline.",
        ("state",),
        ((key, (state,), value) for key, body in known for state, value in _brokers(body)),
    )
    yield _family(
        "drifted_keys",
        "Keys that differ from what is wanted, as far as status lists them.",
        ("what",),
        ((key, (what,), value) for key, body in known for what, value in _drifted(body)),
    )
    last = [(key, passes[key]) for key, _ in known if key in passes]
    yield _family(
        "last_reconcile_timestamp_seconds",
        "When the last reconcile ended.",
        (),
        ((key, (), one.ended) for key, one in last),
    )
    yield _family(
        "last_reconcile_succeeded",
        "1 if the last reconcile did all that there was to do.",
        (),
        ((key, (), one.succeeded) for key, one in last),
    )


def _family(
    name: str,
    text: str,
    labels: tuple[str, ...],
    samples: Iterable[tuple[Key, tuple[str, ...], float]],
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, text, labels=[*LABELS, *labels])
    for key, values, value in samples:
        family.add_metric([*key, *values], value)
    return family


def _conditions(body: Object) -> Iterator[tuple[tuple[str, str], float]]:
    for condition in _status(body).get("conditions", ()):
        for status in ("True", "False", "Unknown"):
            yield (condition["type"], status), condition["status"] == status


def _servers(body: Object) -> Iterator[tuple[str, float]]:
    spec, status = body.get("spec", {}), _status(body)
    yield "wanted", 0 if spec.get("suspend") else spec.get("replicas", 0)
    yield "existing", status.get("replicas", 0)
    yield "updated", status.get("updatedReplicas", 0)
    yield "ready", status.get("readyReplicas", 0)


def _brokers(body: Object) -> Iterator[tuple[str, float]]:
    summary = _status(body).get("brokerSummary")
    if summary is not None:
        online, known = summary.get("online", 0), summary.get("known", 0)
        yield "online", online
        yield "disagreed", summary.get("disagreements", 0)
        yield "offline", known - online


def _drifted(body: Object) -> Iterator[tuple[str, float]]:
    status = _status(body)
    yield "namesrvConfig", len(status.get("namesrvConfig", {}).get("drifted", ()))
    yield "kvConfig", sum(len(item.get("drifted", ())) for item in status.get("kvConfig", ()))


def _status(body: Object) -> Object:
    found: Object = body.get("status", {})
    return found


def _key(body: Object) -> Key:
    return Key(body["metadata"]["namespace"], body["metadata"]["name"])
