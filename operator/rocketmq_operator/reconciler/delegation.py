"""Who owns which KV entry of a cluster: its own spec first, then the oldest NameServerKVConfig.

The order depends on nothing that moves, so an owner stays the owner until it gives the key up.
What is refused, for whatever reason, never takes away what was written before.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rocketmq_operator.reconciler.delegated import Delegated, Owned
from rocketmq_operator.reconciler.kinds import CLUSTER, Object
from rocketmq_operator.reconciler.kvconfig import KvConfig
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.resources.inventory import Written
from rocketmq_operator.reconciler.spec import MAX_KV_BYTES, Cluster, DelegationFrom
from rocketmq_operator.reconciler.sync import KvKey, Policy

ENTRY_BYTES: Final = 16
"""What an entry takes in the seed beside its value and twice its key."""
MAX_REFUSED: Final = 8
"""Losers of one key that are named."""
OBJECT_BYTES: Final = 64
"""What an object takes there beside its names and its entries."""

OUTLAWED: Final = frozenset({"NotPermitted", "NamespaceReserved"})

NOBODY: Final[Mapping[str, Trouble]] = {}

NamespaceLabels = Mapping[str, Mapping[str, str]]


class Conflict(NamedTuple):
    """A key that more than one asks for: who has it, and who has not."""

    key: KvKey
    owner: str
    refused: tuple[str, ...]

    def to_status(self) -> Object:
        """As an item of ``status.kvDelegation.conflicts``."""
        refused = list(self.refused[:MAX_REFUSED])
        return {
            "kvNamespace": self.key.namespace,
            "key": self.key.key,
            "owner": self.owner,
            "refused": refused,
        }


@dataclass(frozen=True, slots=True)
class Share:
    """What came of one object: the entries it owns, and why the others are not followed."""

    config: KvConfig
    kv_namespace: str
    entries: Mapping[str, str] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """The KV entries of a cluster, divided: by object, and what all of it comes to."""

    shares: tuple[Share, ...] = ()
    delegated: Delegated = field(default_factory=Delegated)

    @property
    def conflicts(self) -> list[Conflict]:
        """Every key that more than one asks for."""
        return sorted({conflict for share in self.shares for conflict in share.conflicts})

    @property
    def notes(self) -> list[str]:
        """Words for the status of the cluster."""
        refused = [share.config for share in self.shares if share.trouble]
        if not refused:
            return []
        return [
            f"{len(refused)} NameServerKVConfigs are not followed in all, first {refused[0].id}"
        ]


class _Claim(NamedTuple):
    config: KvConfig
    kv_namespace: str
    table: Mapping[str, str]
    trouble: Trouble | None

    @property
    def size(self) -> int:
        """Bytes in the seed, where the names of keys stand twice."""
        keys = sum(2 * len(key) + len(json.dumps(text)) for key, text in self.table.items())
        names = len(self.kv_namespace) + len(self.config.id)
        return OBJECT_BYTES + names + keys + ENTRY_BYTES * len(self.table)


def divide(
    cluster: Cluster,
    configs: Iterable[KvConfig],
    written: Written,
    labels: NamespaceLabels,
    refused: Mapping[str, Trouble] = NOBODY,
) -> Division:
    """Give each key one owner; ``labels`` are those of the namespaces that were asked for.

    ``refused`` are objects, by ``namespace/name``, that cannot be followed now.
    """
    ranked = sorted(configs, key=lambda config: config.rank)
    living = [config for config in ranked if not config.deleted]
    troubles = [refused.get(config.id) or _refusal(cluster, config, labels) for config in living]
    asked = [_claim(*each, written) for each in zip(living, troubles, strict=True)]
    claims = sorted(_fitting(cluster, asked, written), key=_outlawed)
    owners = _owners(cluster, claims)
    shares = {claim.config.id: _share(claim, owners) for claim in claims}
    found = tuple(shares[config.id] for config in living)
    accountable = frozenset(c.id for c in ranked if not c.deleted or c.deletes)
    return Division(found, _delegated(found, accountable))


def asks_for_labels(cluster: Cluster) -> bool:
    """Whether the labels of namespaces decide who is followed."""
    return cluster.spec.kv_delegation.from_ is DelegationFrom.SELECTOR


def _claim(config: KvConfig, refusal: Trouble | None, written: Written) -> _Claim:
    trouble = config.trouble or refusal
    if trouble or config.spec.paused:
        return _held(config, written, trouble)
    return _Claim(config, config.spec.kv_namespace, config.spec.table, None)


def _held(config: KvConfig, written: Written, trouble: Trouble | None) -> _Claim:
    """What was written before, and no more."""
    owned = written.inventory.delegated.get(config.id)
    namespace = owned.kv_namespace if owned else config.spec.kv_namespace
    return _Claim(config, namespace, written.entries(config.id), trouble)


def _refusal(cluster: Cluster, config: KvConfig, labels: NamespaceLabels) -> Trouble | None:
    rules, who = cluster.spec.kv_delegation, f"{CLUSTER.name} {cluster.key}"
    if not _permitted(cluster, config.key.namespace, labels):
        return Trouble(
            "NotPermitted",
            f"{who} takes no entries from namespace {config.key.namespace}: its "
            f"spec.kvDelegation.from is {rules.from_}",
        )
    if config.spec.kv_namespace in rules.reserved_namespaces:
        return Trouble(
            "NamespaceReserved",
            f"{who} keeps KV namespace {config.spec.kv_namespace} for itself "
            "(spec.kvDelegation.reservedNamespaces); use another",
        )
    return None


def _permitted(cluster: Cluster, namespace: str, labels: NamespaceLabels) -> bool:
    rules = cluster.spec.kv_delegation
    match rules.from_:
        case DelegationFrom.ALL:
            return True
        case DelegationFrom.SAME:
            return namespace == cluster.key.namespace
        case DelegationFrom.SELECTOR:
            return namespace in labels and selects(rules.namespace_selector, labels[namespace])
        case DelegationFrom.NONE:
            return False


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector matches.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    equal = all(labels.get(k) == v for k, v in selector.get("matchLabels", {}).items())
    return equal and all(_meets(rule, labels) for rule in selector.get("matchExpressions", ()))


def _meets(rule: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = rule["key"], rule.get("values", ())
    match rule["operator"]:
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _fitting(cluster: Cluster, claims: Sequence[_Claim], written: Written) -> list[_Claim]:
    """The claims, those held to what they had that would take more room than there is."""
    before = [_held(claim.config, written, None).size for claim in claims]
    taken = len(json.dumps(cluster.spec.kv, ensure_ascii=False).encode()) + sum(before)
    fitting = []
    for claim, had in zip(claims, before, strict=True):
        if claim.size > had and taken - had + claim.size > MAX_KV_BYTES:
            fitting.append(_held(claim.config, written, _too_large(cluster, claim, taken - had)))
        else:
            fitting.append(claim)
            taken += claim.size - had
    return fitting


def _too_large(cluster: Cluster, claim: _Claim, taken: int) -> Trouble:
    return Trouble(
        "KVTooLarge",
        f"its entries take {claim.size} bytes, and of the {MAX_KV_BYTES} that {CLUSTER.name} "
        f"{cluster.key} has for all, {taken} are taken; remove some",
    )


def _outlawed(claim: _Claim) -> bool:
    """Those that may have nothing come last, for what nobody else asks for."""
    return claim.trouble is not None and claim.trouble.reason in OUTLAWED


def _owners(cluster: Cluster, claims: Iterable[_Claim]) -> dict[KvKey, list[str]]:
    """Who asks for each key; the first one has it."""
    own = f"{CLUSTER.name} {cluster.key}"
    found = {KvKey(ns, key): [own] for ns, table in cluster.spec.kv.items() for key in table}
    for claim in claims:
        for key in claim.table:
            found.setdefault(KvKey(claim.kv_namespace, key), []).append(str(claim.config))
    return found


def _share(claim: _Claim, owners: Mapping[KvKey, Sequence[str]]) -> Share:
    me, asked = str(claim.config), {key: KvKey(claim.kv_namespace, key) for key in claim.table}
    entries = {k: text for k, text in claim.table.items() if owners[asked[k]][0] == me}
    conflicts = tuple(
        Conflict(key, owners[key][0], tuple(owners[key][1:]))
        for key in asked.values()
        if len(owners[key]) > 1
    )
    lost = [conflict for conflict in conflicts if conflict.owner != me]
    trouble = claim.trouble or _lost(lost)
    return Share(claim.config, claim.kv_namespace, entries, conflicts, trouble)


def _lost(conflicts: Sequence[Conflict]) -> Trouble | None:
    if not conflicts:
        return None
    first, more = conflicts[0], len(conflicts) - 1
    text = f"key {first.key.key} of KV namespace {first.key.namespace} belongs to {first.owner}"
    others = f", and {more} more are taken (status.conflicts)" if more else ""
    return Trouble("KeyConflict", f"{text}{others}; remove them here or there")


def _delegated(shares: Collection[Share], accountable: frozenset[str]) -> Delegated:
    kv: dict[str, dict[str, str]] = {}
    reported: dict[str, set[str]] = {}
    owners = {}
    for share in shares:
        if not share.entries:
            continue
        namespace, config = share.kv_namespace, share.config
        kv.setdefault(namespace, {}).update(share.entries)
        owners[config.id] = Owned(namespace, frozenset(share.entries))
        if config.spec.drift is Policy.REPORT:
            reported.setdefault(namespace, set()).update(share.entries)
    return Delegated(
        kv, {ns: frozenset(keys) for ns, keys in reported.items()}, owners, accountable
    )
