"""Everything one reconcile knows of a cluster, as one value for the pure functions to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.delegation import Division
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.reports import Report
from rocketmq_operator.reconciler.rollout import Step
from rocketmq_operator.reconciler.spec import Cluster, ExpectedCluster
from rocketmq_operator.reconciler.sync import Drift, Wanted
from rocketmq_operator.reconciler.views import Mirror, State


@dataclass(frozen=True, slots=True)
class Observed:
    """A cluster at one moment.

    ``trouble`` is what needs a person; ``pending`` names work on the children that is under way;
    ``external`` are the servers' addresses outside; ``operator_image`` is the operator's default;
    ``notes`` are worth knowing and stop nothing; ``reasons`` are fields of the pod template that
    were just changed; ``division`` says what NameServerKVConfigs get.
    """

    cluster: Cluster
    now: datetime
    stateful_set: Object | None = None
    pods: Sequence[Object] = ()
    reports: Mapping[str, Report] = field(default_factory=dict)
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    wanted: Wanted = field(default_factory=Wanted)
    division: Division = field(default_factory=Division)
    mirror: Mirror = field(default_factory=Mirror)
    step: Step = field(default_factory=Step)
    trouble: Trouble | None = None
    pending: str = ""
    external: Sequence[str] = ()
    operator_image: str = ""
    notes: Sequence[str] = ()
    reasons: Sequence[str] = ()

    @property
    def staying(self) -> list[Object]:
        """The pods that are not being deleted."""
        return [pod for pod in self.pods if not pods.terminating(pod)]

    @property
    def ready(self) -> int:
        """How many servers are ready."""
        return sum(pods.ready(pod) for pod in self.pods)

    @property
    def target_revision(self) -> str:
        """The revision of the current template."""
        return str(self._set_status.get("updateRevision", ""))

    @property
    def updated(self) -> int:
        """How many servers were made from the current template."""
        return sum(pods.revision(pod) == self.target_revision for pod in self.staying)

    @property
    def silent(self) -> list[str]:
        """Servers that shall answer and do not."""
        names = (pods.name(pod) for pod in self.staying)
        return [name for name in names if name not in self.drifts]

    @property
    def all_read(self) -> bool:
        """Whether every wanted server is there to stay and was read back."""
        there = len(self.staying) == len(self.pods) == self.cluster.spec.servers
        return there and bool(self.drifts) and not self.silent

    @property
    def diverged(self) -> list[str]:
        """Words for each broker that servers have disagreed about for too long."""
        return [
            f"{entry.broker.name} (id {entry.broker.id}) is missing from "
            f"{', '.join(entry.missing_from)}"
            for entry in self.mirror.in_state(State.DIVERGED)
        ]

    @property
    def unmet(self) -> list[str]:
        """Words for each expected RocketMQ cluster that is not there as it should be."""
        return [
            text for text in map(self._unmet, self.cluster.spec.brokers.expected_clusters) if text
        ]

    @property
    def available_image(self) -> str:
        """The operator's default image where the cluster has an older one, or nothing."""
        own = self.cluster.spec.image != self.cluster.default_image
        return "" if own or self.operator_image == self.cluster.spec.image else self.operator_image

    @property
    def _set_status(self) -> Object:
        status: Object = (self.stateful_set or {}).get("status", {})
        return status

    def _unmet(self, expected: ExpectedCluster) -> str:
        online = [
            entry.broker
            for entry in self.mirror.entries
            if entry.state is not State.OFFLINE and entry.broker.cluster == expected.name
        ]
        names = len({broker.name for broker in online})
        masters = sum(broker.id == 0 for broker in online)
        if names < expected.min_broker_names:
            return f"{expected.name}: {names} of {expected.min_broker_names} broker names"
        if masters < expected.min_masters:
            return f"{expected.name}: {masters} of {expected.min_masters} masters"
        return ""
