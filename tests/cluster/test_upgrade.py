"""Another image: servers are replaced one by one, and back."""

from collections.abc import Iterator
from typing import Final

import pytest

from harness.cluster import Cluster
from harness.images import PRODUCT_IMAGE
from harness.java.pods import BrokerPod
from harness.product import Make, Nsc
from harness.sampling import sampled
from rocketmq_operator import __version__

NEXT: Final = f"{PRODUCT_IMAGE.partition(':')[0]}:next"
UPGRADE: Final = 150.0
"""Seconds for two servers, to which the broker has to find the way again."""


@pytest.fixture
def next_image(kubernetes: Cluster) -> Iterator[str]:
    """The product under another name."""
    kubernetes.images.add(NEXT)
    yield NEXT
    kubernetes.images.remove(NEXT)


@pytest.mark.needs("images")
def test_an_upgrade_goes_one_by_one_and_can_be_taken_back(make: Make, next_image: str) -> None:
    nsc = make(replicas=2, rollout={"minReadySeconds": 0})
    with BrokerPod(nsc.workspace, nsc.addresses("namesrvAddr")):
        nsc.wait_columns(BROKERS="1/1")
        with sampled(lambda: (len(nsc.ready()), nsc.status()["brokersOnline"])) as seen:
            _upgrade(nsc, next_image)
    ready, brokers = zip(*seen, strict=True)
    assert min(ready) == 1
    assert set(brokers) == {"1/1"}
    _upgrade(nsc, PRODUCT_IMAGE)


def _upgrade(nsc: Nsc, image: str) -> None:
    nsc.patch(image=image)
    found = nsc.wait_status(
        lambda status: (
            status["rollout"]["state"] == "Idle"
            and status["ready"] == "2/2"
            and _images(nsc) == [image] * 2
        ),
        f"two servers of {image}",
        timeout=UPGRADE,
    )
    assert (found["image"], found["version"]) == (image, __version__)


def _images(nsc: Nsc) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in nsc.pods().values()]
