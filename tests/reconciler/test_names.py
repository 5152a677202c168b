"""Names, labels and addresses of a cluster's children."""

import re

import pytest

from rocketmq_operator.reconciler.names import Names

PROD = Names("mq", "prod")
LONGEST = Names("mq", "a" * 40)


def test_addresses_name_every_server_and_port() -> None:
    assert PROD.namesrv_addr(2, 9876) == (
        "prod-nameserver-0.prod-nameserver-headless.mq.svc:9876;"
        "prod-nameserver-1.prod-nameserver-headless.mq.svc:9876"
    )
    assert PROD.dns_lookup(9876) == "prod-nameserver-headless.mq.svc:9876"
    assert PROD.client_address(9876) == "prod-nameserver.mq.svc:9876"


@pytest.mark.parametrize("name", [LONGEST.headless_service, LONGEST.seed, LONGEST.pod(8)])
def test_the_longest_cluster_name_gives_names_that_dns_takes(name: str) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name)


def test_the_longest_cluster_name_leaves_room_for_the_revision_label() -> None:
    assert len(f"{LONGEST.stateful_set}-6b7c9d8f5d") <= 63


def test_labels_hold_the_selector() -> None:
    assert dict(part.split("=") for part in PROD.selector.split(",")) == PROD.labels


@pytest.mark.parametrize(
    ("pod", "ordinal"),
    [
        ("prod-nameserver-0", 0),
        ("prod-nameserver-12", 12),
        ("prod-nameserver-x", None),
        ("prod-nameserver", None),
        ("other-prod-nameserver-1", None),
    ],
)
def test_ordinal_of_a_pod(pod: str, ordinal: int | None) -> None:
    assert PROD.ordinal(pod) == ordinal


def test_own_claims_are_told_from_those_of_others() -> None:
    assert PROD.owns_claim(PROD.claim(2))
    assert not PROD.owns_claim("data-dev-nameserver-2")
    assert not PROD.owns_claim("logs-prod-nameserver-2")
