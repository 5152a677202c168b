"""Leader election by a Lease, as client-go does it: one replica writes, the others stand by.

The libraries' own elections go on working after they lost contact with the API server; this one
ends the leadership at the renew deadline, before any other replica may take over. Expiry is judged
by this machine's monotonic clock since the record last changed, never by another machine's clock.
https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
"""

import asyncio
import logging
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rocketmq_operator.reconciler.kinds import LEASE, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeaseTimes:
    """Seconds; ``duration > renew_deadline > retry`` must hold."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0


@dataclass
class _Seen:
    """The record as last read, and when it last changed by the local monotonic clock."""

    record: Object | None = None
    since: float = 0.0


@dataclass
class Elector:
    """Takes part in the election for one Lease until stopped.

    ``api`` must not be shared with anything that can fill its connection pool.
    """

    api: KubeApi
    namespace: str
    name: str
    identity: str
    times: LeaseTimes = field(default_factory=LeaseTimes)

    def __post_init__(self) -> None:
        self._seen = _Seen()
        self._renewed = 0.0
        self._leading = False

    @property
    def leading(self) -> bool:
        """Whether this replica holds the Lease and may write."""
        return self._leading and self.seconds_left() > 0

    def seconds_left(self) -> float:
        """Seconds until the renew deadline; writes that cannot be fenced check this first."""
        return self._renewed + self.times.renew_deadline - _now()

    async def acquire(self) -> None:
        """Return once this replica leads."""
        while not await self._try():  # noqa: ASYNC110 - polls the API, not this process
            await asyncio.sleep(self.times.retry * random.uniform(1.0, 1.2))
        self._leading = True
        log.info("leading: %s holds Lease %s/%s", self.identity, self.namespace, self.name)

    async def hold(self) -> None:
        """Renew until the Lease is lost, then return; the caller must stop writing at once."""
        while self.seconds_left() > 0:
            await asyncio.sleep(min(self.times.retry, max(0.0, self.seconds_left())))
            if not await self._try() and self._taken():
                break
        self._leading = False
        log.error("lost Lease %s/%s", self.namespace, self.name)

    async def release(self) -> None:
        """Give the Lease up, so that the next leader need not wait for its expiry."""
        if not self._leading:
            return
        self._leading = False
        try:
            # A renewal whose answer nobody waited for may have changed it meanwhile.
            record = await self.api.get(LEASE, self.namespace, self.name)
            if record is not None and record["spec"].get("holderIdentity") == self.identity:
                spec = {**record["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
                await self.api.replace(LEASE, {**record, "spec": spec})
        except KubeError as error:
            log.warning("could not release Lease %s/%s: %s", self.namespace, self.name, error)

    async def _try(self) -> bool:
        started = _now()
        try:
            async with asyncio.timeout(self.times.renew_deadline / 2):
                renewed = await self._take_or_renew()
        except (KubeError, TimeoutError) as error:
            log.warning("Lease %s/%s: %s", self.namespace, self.name, str(error) or "no answer")
            return False
        if renewed:
            self._renewed = started
        return renewed

    async def _take_or_renew(self) -> bool:
        record = await self.api.get(LEASE, self.namespace, self.name)
        if record is None:
            self._note(await self.api.create(LEASE, self._fresh()))
            return True
        self._note(record)
        if self._taken():
            return False
        self._note(await self.api.replace(LEASE, self._mine(record)))
        return True

    def _taken(self) -> bool:
        spec = (self._seen.record or {}).get("spec", {})
        if spec.get("holderIdentity", "") in ("", self.identity):
            return False
        return bool(_now() < self._seen.since + spec.get("leaseDurationSeconds", 0))

    def _note(self, record: Object) -> None:
        if self._seen.record is None or record["spec"] != self._seen.record["spec"]:
            self._seen = _Seen(record, _now())
        else:
            self._seen.record = record

    def _fresh(self) -> Object:
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": self._spec({}),
        }

    def _mine(self, record: Object) -> Object:
        return {**record, "spec": self._spec(record["spec"])}

    def _spec(self, previous: Object) -> Object:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        same = previous.get("holderIdentity") == self.identity
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": max(1, round(self.times.duration)),
            "renewTime": now,
            "acquireTime": previous.get("acquireTime", now) if same else now,
            "leaseTransitions": previous.get("leaseTransitions", 0) + (0 if same else 1),
        }


def _now() -> float:
    return asyncio.get_running_loop().time()
