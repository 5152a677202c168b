"""NameServers as somebody else runs them, whatever kind of object says so."""

from dataclasses import dataclass, field

from rocketmq_operator.reconciler.conversion.fields import Fields, Remarks
from rocketmq_operator.reconciler.kinds import Object


@dataclass
class Origin:
    """One set of servers. ``container`` and ``pod`` are as Kubernetes has them.

    ``labels`` are those that its pods have; ``claims`` the templates of their volumes.
    """

    kind: str
    name: str
    namespace: str | None
    remarks: Remarks
    replicas: int | None
    replicas_at: str
    pod: Fields
    container: Fields
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    claims: list[Object] = field(default_factory=list)
    claims_at: str = "spec.volumeClaimTemplates"
    retention: Object = field(default_factory=dict)
    rollout: Object = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What stands beside the servers in the files, by kind."""

    config_maps: list[Object]
    services: list[Object]
    budgets: list[Object]


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector, or a Service's selector, is meant for pods with these labels."""
    wanted = selector.get("matchLabels") or {}
    rules = selector.get("matchExpressions") or ()
    return bool(wanted or rules) and (
        wanted.items() <= labels.items() and all(_holds(rule, labels) for rule in rules)
    )


def _holds(rule: Object, labels: dict[str, str]) -> bool:
    key, values = rule["key"], rule.get("values") or ()
    match rule["operator"]:
        case "In":
            return labels.get(key) in values
        case "Exists":
            return key in labels
    return False
