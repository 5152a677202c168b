"""The page of `kubectl nsc status`."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from rocketmq_operator.plugin.layout import duration, plain, table
from rocketmq_operator.plugin.page import MAX_BROKERS, page, row, summary

Made = Callable[..., dict[str, Any]]


def broker(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "cluster": "c",
        "name": name,
        "id": 0,
        "address": f"{name}:10911",
        "state": state,
        "views": "2/2",
        "lastTransitionTime": "2026-11-26T18:20:00Z",
        **more,
    }


def shown(nsc: dict[str, Any], now: datetime) -> str:
    return plain(page(summary(nsc, {}, now), now))


def test_a_healthy_cluster_needs_no_more_than_header_servers_and_brokers(
    make: Made, now: datetime
) -> None:
    nsc = make(brokers=[broker("broker-a", "Online")])
    assert shown(nsc, now) == (
        "mq/prod  Running\n"
        "  2 servers are ready\n"
        "  READY   BROKERS   VIEWS       CONFIG   VERSION   AGE\n"
        "  2/2     1/1       Converged   Synced   0.1.0     90m\n"
        "\n"
        "Servers\n"
        "  SERVER              STATE     READY   VERSION   STARTED   IN SYNC   BROKERS\n"
        "  prod-nameserver-0   Serving   yes     0.1.0     30m       yes       2\n"
        "  prod-nameserver-1   Serving   yes     0.1.0     30m       yes       2\n"
        "\n"
        "Brokers\n"
        "  BROKER     ID   CLUSTER   ADDRESS          STATE    SINCE   VIEWS   MISSING FROM\n"
        "  broker-a   0    c         broker-a:10911   Online   10m     2/2     -\n"
    )


def test_brokers_in_trouble_come_first_and_say_who_lacks_them(make: Made, now: datetime) -> None:
    listed = [
        broker("a", "Online"),
        broker("b", "Diverged", missingFrom=["prod-nameserver-1"]),
        broker("c", "Offline"),
    ]
    text = shown(make(brokers=listed), now)
    assert text.index("c:10911") < text.index("b:10911") < text.index("a:10911")
    assert "prod-nameserver-1\n" in text


def test_a_page_names_how_many_brokers_it_leaves_out(make: Made, now: datetime) -> None:
    listed = [broker(f"b{number}", "Online") for number in range(MAX_BROKERS + 5)]
    counts = {"known": MAX_BROKERS + 8, "listed": MAX_BROKERS + 5}
    text = shown(make(brokers=listed, brokerSummary=counts), now)
    assert "and 8 more: kubectl nsc brokers prod -n mq --live" in text


def test_conditions_that_are_not_fine_come_with_their_message_and_an_advice(
    make: Made, now: datetime
) -> None:
    bad = {"type": "ViewsConverged", "status": "False", "reason": "Diverged", "message": "words"}
    text = shown(make(conditions=[bad]), now)
    assert "ViewsConverged   False    Diverged   30m     words" in text
    assert "What to do next\n  - see who lacks what: kubectl nsc views prod" in text


def test_a_rollout_tells_what_it_waits_for(make: Made, now: datetime) -> None:
    rollout = {
        "state": "Waiting",
        "pod": "prod-nameserver-1",
        "blockedBy": "ViewsNotConverged",
        "message": "words",
        "since": "2026-11-26T18:29:00Z",
        "reasons": ["metadata.annotations"],
    }
    text = shown(make(rollout=rollout), now)
    assert (
        "Rollout\n  Waiting, pod prod-nameserver-1, for 60s\n  waits for: ViewsNotConverged\n"
        "  words\n  because of: metadata.annotations\n"
    ) in text


def test_drift_is_told_by_name(make: Made, now: datetime) -> None:
    kv = [{"kvNamespace": "shop", "drifted": ["region"]}, {"kvNamespace": "quiet"}]
    text = shown(make(kvConfig=kv, namesrvConfig={"drifted": ["clusterTest"]}), now)
    assert "Drift\n  configuration differs: clusterTest\n  KV shop differs: region\n" in text


def test_a_server_that_is_not_in_sync_says_in_what(make: Made, now: datetime) -> None:
    server = {"name": "s", "ready": False, "state": "CrashLoop", "kvInSync": False}
    text = shown(make(nameServers=[{**server, "configInSync": True, "error": "gone"}]), now)
    assert "s        CrashLoop   no      -         -         not KV    -         gone" in text


def test_versions_are_those_that_servers_told_where_they_differ(make: Made, now: datetime) -> None:
    told = summary(make(version="0.1.0, 0.2.0"), {"prod-nameserver-1": "0.2.0"}, now)
    assert [each["version"] for each in told["servers"]] == ["", "0.2.0"]


def test_an_object_without_a_status_is_a_page_too(make: Made, now: datetime) -> None:
    nsc = make()
    del nsc["status"]
    text = shown(nsc, now)
    assert text.startswith("mq/prod  Unknown\n")
    assert "What to do next" in text


def test_a_row_of_a_table_has_what_kubectl_get_shows(make: Made, now: datetime) -> None:
    found = row(summary(make(), {}, now), now)
    assert (found["name"], found["ready"], found["age"]) == ("prod", "2/2", "90m")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert plain(table(("A", "B"), [("long", ""), ("x", "y")], indent="")) == (
        "A      B\nlong   -\nx      y\n"
    )
