"""Leader election: one leader at a time, and none that goes on after it lost the Lease."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from harness.cluster import Cluster
from rocketmq_operator.reconciler.kinds import LEASE, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.kube.lease import Elector, LeaseTimes

TIMES = LeaseTimes(duration=2.0, renew_deadline=1.0, retry=0.1)


@pytest.fixture
async def api(kubernetes: Cluster) -> AsyncIterator["CutOff"]:
    """The real API server."""
    connected = await CutOff.connect(kubeconfig=str(kubernetes.kubeconfig))
    yield connected
    lease = await connected.get(LEASE, "default", "test-lease")
    if lease is not None:
        await connected.delete(LEASE, lease)
    await connected.close()


class CutOff(KubeApi):
    """The real API server until ``cut``, and no answer from then on."""

    cut = False

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        if self.cut:
            raise KubeError(0, "Unreachable", "cut off")
        return await super().get(kind, namespace, name)


def elector(api: KubeApi, identity: str) -> Elector:
    return Elector(api, "default", "test-lease", identity, TIMES)


async def test_the_second_waits_until_the_first_lets_go(api: KubeApi) -> None:
    first, second = elector(api, "first"), elector(api, "second")
    await first.acquire()
    waiting = asyncio.create_task(second.acquire())
    holding = asyncio.create_task(first.hold())
    await asyncio.sleep(TIMES.duration + 0.5)  # longer than the Lease lasts without renewal
    assert (first.leading, second.leading) == (True, False)
    holding.cancel()
    await first.release()
    async with asyncio.timeout(2):
        await waiting
    assert (first.leading, second.leading) == (False, True)


async def test_a_leader_that_died_is_replaced_after_the_lease_expired(api: KubeApi) -> None:
    await elector(api, "dead").acquire()
    second = elector(api, "second")
    started = asyncio.get_running_loop().time()
    async with asyncio.timeout(10):
        await second.acquire()
    assert asyncio.get_running_loop().time() - started >= TIMES.duration
    lease = await api.get(LEASE, "default", "test-lease")
    assert lease is not None
    assert lease["spec"]["holderIdentity"] == "second"


async def test_a_leader_that_is_cut_off_stops_before_another_may_start(api: CutOff) -> None:
    leader = elector(api, "cut-off")
    await leader.acquire()
    holding = asyncio.create_task(leader.hold())
    started = asyncio.get_running_loop().time()
    api.cut = True
    async with asyncio.timeout(10):
        await holding
    assert not leader.leading
    assert asyncio.get_running_loop().time() - started < TIMES.duration
    api.cut = False


async def test_a_leader_whose_lease_was_taken_stops(api: KubeApi) -> None:
    leader = elector(api, "leader")
    await leader.acquire()
    holding = asyncio.create_task(leader.hold())
    await _take(api)
    async with asyncio.timeout(10):
        await holding
    assert not leader.leading


async def _take(api: KubeApi) -> None:
    async with asyncio.timeout(5):
        while True:
            lease = await api.get(LEASE, "default", "test-lease")
            assert lease is not None
            spec = {**lease["spec"], "holderIdentity": "thief", "leaseDurationSeconds": 60}
            try:
                await api.replace(LEASE, {**lease, "spec": spec})
            except KubeError as error:
                if error.status != 409:
                    raise
            else:
                return
