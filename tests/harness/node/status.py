"""A pod's status from the records of its containers, as a kubelet would write it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.images import DEFAULT_REGISTRY
from harness.node.objects import Object, condition, timestamp
from harness.node.records import Record, Terminated, Waiting

Condition = dict[str, Any]


@dataclass(frozen=True)
class PodFacts:
    """What the status says beside its containers."""

    host_ip: str
    pod_ip: str
    started_at: datetime
    init: Sequence[Record]
    containers: Sequence[Record]


def pod_status(pod: Object, facts: PodFacts, previous: Object, now: datetime) -> Object:
    """The status to write; `previous` is the one written before, for the times in it."""
    status = {
        "phase": phase(pod, facts),
        "observedGeneration": pod["metadata"].get("generation", 0),
        "hostIP": facts.host_ip,
        "hostIPs": [{"ip": facts.host_ip}],
        "podIP": facts.pod_ip,
        "podIPs": [{"ip": facts.pod_ip}],
        "startTime": timestamp(facts.started_at),
        "containerStatuses": _container_statuses(pod["spec"]["containers"], facts.containers),
    }
    if facts.init:
        statuses = _container_statuses(pod["spec"]["initContainers"], facts.init)
        done = [{**each, "ready": each["name"] in _succeeded(facts.init)} for each in statuses]
        status["initContainerStatuses"] = done
    conditions = _conditions(pod, facts, status["phase"])
    dated = [_dated(pod, each, {"status": previous}, now) for each in conditions]
    return status | {"conditions": dated}


def phase(pod: Object, facts: PodFacts) -> str:
    """Pending, Running, Succeeded or Failed (rules of the kubelet's getPhase)."""
    policy = pod["spec"].get("restartPolicy", "Always")
    if not _initialized(facts):
        failed = any(_failed(each) for each in facts.init)
        return "Failed" if failed and policy == "Never" else "Pending"
    if any(not each.has_run for each in facts.containers):
        return "Pending"
    ended = [each.state for each in facts.containers if isinstance(each.state, Terminated)]
    if len(ended) < len(facts.containers) or policy == "Always":
        return "Running"
    if all(state.exit_code == 0 for state in ended):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def full_image_name(reference: str) -> str:
    """The name under which a container runtime knows an image."""
    registry, slash, _ = reference.partition("/")
    if slash and ("." in registry or ":" in registry or registry == "localhost"):
        return reference
    return (DEFAULT_REGISTRY if not slash else "docker.io/") + reference


def _succeeded(records: Sequence[Record]) -> set[str]:
    return {
        each.name
        for each in records
        if isinstance(each.state, Terminated) and each.state.exit_code == 0
    }


def _initialized(facts: PodFacts) -> bool:
    return len(_succeeded(facts.init)) == len(facts.init)


def _failed(record: Record) -> bool:
    return isinstance(record.state, Terminated) and record.state.exit_code != 0


def _container_statuses(specs: Sequence[Object], records: Sequence[Record]) -> list[Object]:
    by_name = {record.name: record for record in records}
    return [_container_status(spec, by_name[spec["name"]]) for spec in specs]


def _container_status(spec: Object, record: Record) -> Object:
    return {
        "name": record.name,
        "state": record.state.to_api(),
        "lastState": record.last.to_api() if record.last else {},
        "ready": record.ready,
        "started": record.started,
        "restartCount": record.restarts,
        "image": full_image_name(spec["image"]) if record.container_id else spec["image"],
        "imageID": record.image_id,
        "containerID": record.container_id,
    }


def _conditions(pod: Object, facts: PodFacts, current: str) -> list[Condition]:
    containers_ready = _containers_ready(facts, current)
    return [
        {"type": "PodReadyToStartContainers", "status": "True"},
        _initialized_condition(facts, current),
        _pod_ready(pod, containers_ready),
        {"type": "ContainersReady", **containers_ready},
    ]


def _initialized_condition(facts: PodFacts, current: str) -> Condition:
    kind = {"type": "Initialized"}
    if _initialized(facts):
        reason = {"reason": "PodCompleted"} if current == "Succeeded" else {}
        return {**kind, "status": "True", **reason}
    names = " ".join(r.name for r in facts.init if r.name not in _succeeded(facts.init))
    message = f"containers with incomplete status: [{names}]"
    return {**kind, "status": "False", "reason": "ContainersNotInitialized", "message": message}


def _containers_ready(facts: PodFacts, current: str) -> Condition:
    if current in {"Succeeded", "Failed"}:
        reason = "PodCompleted" if current == "Succeeded" else "PodFailed"
        return {"status": "False", "reason": reason}
    unready = [each.name for each in facts.containers if not each.ready]
    if not unready:
        return {"status": "True"}
    message = f"containers with unready status: [{' '.join(unready)}]"
    return {"status": "False", "reason": "ContainersNotReady", "message": message}


def _pod_ready(pod: Object, containers_ready: Condition) -> Condition:
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", ())]
    closed = [g for g in gates if (condition(pod, g) or {}).get("status") != "True"]
    if containers_ready["status"] != "True" or not closed:
        return {"type": "Ready", **containers_ready}
    message = f'corresponding condition of pod readiness gate {closed[0]!r} is not "True".'
    reason = {"reason": "ReadinessGatesNotReady", "message": message}
    return {"type": "Ready", "status": "False", **reason}


def _dated(pod: Object, new: Condition, previous: Object, now: datetime) -> Condition:
    """Keep the time of the last transition while the status stays the same."""
    old = condition(previous, new["type"])
    same = old is not None and old["status"] == new["status"]
    since = old["lastTransitionTime"] if old is not None and same else timestamp(now)
    generation = pod["metadata"].get("generation", 0)
    texts = {"reason": None, "message": None} | new
    return {
        **texts,
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "observedGeneration": generation,
    }


def starting_records(specs: Sequence[Object], *, initializing: bool) -> list[Record]:
    """Records of containers that nothing was done for yet."""
    reason = "PodInitializing" if initializing else "ContainerCreating"
    return [Record(spec["name"], Waiting(reason)) for spec in specs]
