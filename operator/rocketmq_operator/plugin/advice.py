"""What to do next, from the reasons that the operator gives."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.timestamps import from_text

Condition = Mapping[str, Any]

BAD_WHEN_TRUE: Final = frozenset({"Stalled", "Reconciling", "Paused"})
"""Conditions that are there only while something is to be told."""

UNSEEN: Final = timedelta(seconds=30)
"""How long the operator may leave a new generation without a word."""

OPERATOR_LOG: Final = (
    "kubectl -n rocketmq-system logs -l app.kubernetes.io/component=operator --prefix --tail=-1"
)
"""Of all replicas, of which one leads, however the Deployment is called."""
NO_STATUS: Final = (
    "the operator has not written a status: is it installed, does it watch this namespace? "
    f"kubectl -n rocketmq-system get pods; {OPERATOR_LOG}"
)
NOT_SEEN: Final = f"the operator has not looked at the last change of the spec: {OPERATOR_LOG}"
SUSPENDED: Final = (
    "no server runs, as spec.suspend asks: kubectl -n {namespace} patch nsc {name} --type=merge "
    """-p '{{"spec":{{"suspend":false}}}}'"""
)
OF_NO_SERVER: Final = frozenset({"NoServerReady", "NoServerAnswers", "ServersNotAnswering"})
"""Reasons that are meant to be where a cluster is suspended."""

BY_REASON: Final[Mapping[str, str]] = {
    "InvalidSpec": "correct the field that the message names: kubectl edit nsc {where}",
    "KVTooLarge": "remove KV entries, or give a part of them to another NameServerCluster",
    "InvalidConfigValue": "correct the value in spec.namesrvConfig: no server accepts it",
    "NameTaken": "an object of somebody else has the name: delete or rename it, or let it be "
    "adopted (kubectl -n {namespace} annotate KIND NAME namesrv.dev/adopt-into={name})",
    "ApplyRefused": "do what the API server asks for in the message; a quota or a policy often "
    "stands behind it",
    "CertManagerMissing": "install cert-manager, or name a Secret in spec.tls.secretName",
    "TLSSecretMissing": "make the Secret that the message names: of type kubernetes.io/tls for the "
    "servers, with ca.crt for the authorities of clients",
    "TLSSecretInvalid": "mend the Secret that the message names: it needs tls.crt and tls.key for "
    "the servers, ca.crt for the authorities of clients",
    "TLSSecretNotRead": "let the operator read the Secret that the message names: apply its "
    "manifests or chart again",
    "ImagePullFailed": "correct the field that the message names, or spec.imagePullSecrets; the "
    "pod is replaced at once",
    "ContainerConfigError": "do what the kubelet says in the message: a Secret, ConfigMap or "
    "user that spec.pod names is often missing",
    "Unschedulable": "give the scheduler room: nodes, spec.resources, or the rules in spec.pod",
    "NodeUnreachable": "if the node is gone for good, delete the Node, so that the server starts "
    "elsewhere",
    "CrashLoop": "see why the container ends: kubectl -n {namespace} logs -p POD -c CONTAINER",
    "VolumeNotGrown": "use a StorageClass that allows expansion, or put the old size back",
    "RolloutTimedOut": "see what the server that the message names lacks: kubectl nsc views "
    "{where}; kubectl nsc doctor {broker} -c {where} says why",
    "NoServerReady": "see what keeps the pods: kubectl -n {namespace} describe pod -l "
    "namesrv.dev/cluster={name}",
    "NoServerAnswers": "no server answers the operator: are its pods there, and does a "
    "NetworkPolicy of your own stand between them and the operator?",
    "ServersNotAnswering": "a server does not answer the operator: see its log, and whether a "
    "NetworkPolicy of your own stands between",
    "Diverged": "see who lacks what: kubectl nsc views {where}; then kubectl nsc doctor "
    "{broker} -c {where}; that broker's list of NameServers may be old",
    "Converging": "wait: brokers register every 30 seconds",
    "UnknownKeys": "remove the keys from spec.namesrvConfig: this version of the server has "
    "no such property",
    "RestartRequired": "servers take the value over when they restart: kubectl nsc restart "
    "{where}, or set rollout.onRestartRequired: Restart",
    "Drifted": "somebody changed it on a server and spec.drift says Report: take it over into "
    "the spec, or set spec.drift to Correct; kubectl nsc config diff {where} shows it",
    "Syncing": "wait: the operator writes it to the servers",
    "BrokersMissing": "start the brokers that spec.brokers.expectedClusters asks for; kubectl nsc "
    "doctor {broker} -c {where} says why one does not register",
    "PausedBySpec": "nothing is changed until: kubectl nsc resume {where}",
    "Creating": "wait: objects are being made",
    "ApplyingChildren": "wait: objects are being made; if one fails, the message says at what",
    "RollingUpdate": "wait: one server is replaced after another",
    "Scaling": "wait: servers are being started or stopped",
    "ServersNotReady": "wait, or see: kubectl -n {namespace} describe pod -l "
    "namesrv.dev/cluster={name}",
}
"""By the reason of a condition that is not fine. ``ViewsDiverged`` is told by ``Diverged``."""

KV_DRIFTED: Final = (
    "somebody changed KV entries on a server and spec.drift says Report: take them over into the "
    "spec, or set spec.drift to Correct; kubectl nsc kv diff -c {where} shows them"
)

BY_BLOCKER: Final[Mapping[str, str]] = {
    "OnDelete": "delete the pods of the old revision by hand, as rollout.strategy OnDelete asks",
    "DisruptionBudget": "the rollout waits for the PodDisruptionBudget: are other pods unready?",
    "OtherPodUnready": "the rollout waits for another server to be ready",
}
"""By ``status.rollout.blockedBy``, where a person can do something about it."""


def troubled(conditions: list[Object]) -> list[Object]:
    """The conditions that are not fine, as they stand."""
    return [each for each in conditions if not fine(each)]


def fine(condition: Condition) -> bool:
    """Whether nobody need read it."""
    bad_when_true = condition["type"] in BAD_WHEN_TRUE
    return (condition["status"] == "True") is not bad_when_true


def advice(nsc: Object, now: datetime) -> list[str]:
    """Sentences for a person, the most urgent first; none where all is well."""
    metadata = nsc["metadata"]
    names = {"name": metadata["name"], "namespace": metadata["namespace"]}
    names["broker"] = _troubled_broker(nsc)
    names["where"] = "{name} -n {namespace}".format_map(names)
    found = (text.format_map(names) for text in _advice(nsc, now))
    return list(dict.fromkeys(found))


def _advice(nsc: Object, now: datetime) -> Iterator[str]:
    status = nsc.get("status") or {}
    if not status:
        yield NO_STATUS
        return
    if _unseen(nsc, status, now):
        yield NOT_SEEN
    meant = OF_NO_SERVER if (nsc.get("spec") or {}).get("suspend") else frozenset()
    if meant:
        yield SUSPENDED
    for condition in sorted(troubled(status.get("conditions", [])), key=_urgency):
        if condition["reason"] in BY_REASON.keys() - meant:
            yield _by_condition(condition)
    for blocker in status.get("rollout", {}).get("blockedBy", "").split(","):
        if blocker in BY_BLOCKER:
            yield BY_BLOCKER[blocker]


def _by_condition(condition: Condition) -> str:
    if (condition["type"], condition["reason"]) == ("KVSynced", "Drifted"):
        return KV_DRIFTED
    return BY_REASON[condition["reason"]]


def _troubled_broker(nsc: Object) -> str:
    """The address of one that is not online, which the status lists first."""
    first: Object = next(iter((nsc.get("status") or {}).get("brokers", ())), {})
    troubled = first.get("state") not in (None, "Online")
    return str(first["address"]) if troubled else "BROKER_ADDRESS"


def _urgency(condition: Condition) -> int:
    return {"Stalled": 0, "Ready": 1}.get(condition["type"], 2)


def _unseen(nsc: Object, status: Object, now: datetime) -> bool:
    """Whether the spec has changed, longer ago than the operator needs, and it said nothing."""
    if status.get("observedGeneration", 0) >= nsc["metadata"].get("generation", 0):
        return False
    return now - _changed(nsc) >= UNSEEN


def _changed(nsc: Object) -> datetime:
    """When somebody last wrote anything but the status."""
    metadata = nsc["metadata"]
    writes = [
        entry["time"]
        for entry in metadata.get("managedFields", ())
        if entry.get("subresource") != "status" and "time" in entry
    ]
    return max(map(from_text, writes or [metadata["creationTimestamp"]]))
