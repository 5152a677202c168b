"""The work queue: each key once, one worker a key, later and again after failures."""

import asyncio

import pytest

from rocketmq_operator.reconciler.workqueue import WorkQueue


@pytest.fixture
def queue() -> WorkQueue[str]:
    return WorkQueue()


async def taken(queue: WorkQueue[str]) -> str:
    async with asyncio.timeout(5):
        return await queue.take()


async def test_a_key_waits_once_however_often_it_is_added(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert [await taken(queue), await taken(queue), len(queue)] == ["a", "b", 0]


async def test_a_key_under_work_comes_back_when_the_work_ends(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await taken(queue)
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await taken(queue) == "a"


async def test_a_waiting_worker_is_woken(queue: WorkQueue[str]) -> None:
    worker = asyncio.create_task(taken(queue))
    await asyncio.sleep(0)
    queue.add("a")
    assert await worker == "a"


async def test_a_later_time_does_not_put_off_an_earlier_one(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 0.01)
    queue.add_after("a", 3600)
    assert await taken(queue) == "a"


async def test_adding_now_replaces_a_later_time(queue: WorkQueue[str]) -> None:
    queue.add_after("a", 0.01)
    queue.add("a")
    assert await taken(queue) == "a"
    queue.done("a")
    queue.add_after("b", 0.05)
    assert await taken(queue) == "b"


async def test_pauses_grow_with_failures_and_end_with_success(queue: WorkQueue[str]) -> None:
    pauses = [queue.add_failed("a") for _ in range(20)]
    assert pauses[0] < 0.06
    assert pauses[5] > 1
    assert 200 < pauses[19] <= 330
    queue.succeeded("a")
    assert queue.add_failed("a") < 0.06
    queue.clear()
