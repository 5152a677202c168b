"""KV and configuration: pushed live, kept so, pruned."""

from typing import Any

import pytest

from harness.product import Make, Nsc
from harness.server import Server
from harness.wait import until

APP = {"kvNamespace": "app", "entries": {"a": "1", "b": "2"}}
ORDER = "orderMessageEnable"
"""Takes effect at once."""
SCAN = "scanNotActiveBrokerInterval"
"""Takes effect after a restart."""


def servers(nsc: Nsc) -> list[Server]:
    return [Server(address) for address in nsc.servers().values()]


def synced(nsc: Nsc) -> None:
    """Wait until the operator has seen the spec and read it back from every server."""
    nsc.wait_ready()
    assert nsc.columns()["CONFIG"] == "Synced"


def kv(value: str, **more: Any) -> dict[str, Any]:
    return {"kvConfig": [{"kvNamespace": "app", "entries": {"a": value, **more}}]}


def test_a_change_of_the_spec_reaches_every_server_without_a_restart(make: Make) -> None:
    nsc = make(replicas=2, **kv("1"))
    before = nsc.started()
    nsc.patch(namesrvConfig={ORDER: "true"}, **kv("2"))
    synced(nsc)
    assert [server.kv("app") for server in servers(nsc)] == [{"a": "2"}] * 2
    assert [server.config(ORDER) for server in servers(nsc)] == ["true"] * 2
    assert nsc.started() == before


def test_a_property_removed_from_the_spec_goes_back_to_its_default(make: Make) -> None:
    nsc = make(replicas=1, namesrvConfig={ORDER: "true"})
    assert [server.config(ORDER) for server in servers(nsc)] == ["true"]
    nsc.patch(namesrvConfig={ORDER: None})
    until(
        lambda: [server.config(ORDER) for server in servers(nsc)] == ["false"],
        timeout=30,
        what=f"{ORDER} at its default",
    )


def test_a_removed_key_is_pruned_everywhere_and_foreign_keys_stay(make: Make) -> None:
    nsc = make(replicas=2, **kv("1", b="2"))
    for server in servers(nsc):
        server.put("app", "foreign", "x")
    nsc.patch(**kv("1"))
    until(
        lambda: all(server.kv("app") == {"a": "1", "foreign": "x"} for server in servers(nsc)),
        timeout=30,
        what="b to be gone from every server",
    )
    nsc.wait_status(
        lambda status: status["kvConfig"][0].get("unmanagedKeys") == 1, "the foreign key counted"
    )
    seed = nsc.kubectl("get", "configmap", f"{nsc.name}-nameserver-seed", "-o", "yaml")
    assert "kvPendingDelete" not in seed


def test_a_namespace_removed_from_the_spec_is_emptied_of_our_keys(make: Make) -> None:
    nsc = make(replicas=1, **kv("1"))
    nsc.patch(kvConfig=[])
    until(
        lambda: [server.kv("app") for server in servers(nsc)] == [{}],
        timeout=30,
        what="the namespace to be empty",
    )


def test_drift_is_healed(make: Make) -> None:
    nsc = make(replicas=2, namesrvConfig={ORDER: "true"}, **kv("1"))
    victim = servers(nsc)[1]
    victim.set_config(ORDER, "false")
    victim.put("app", "a", "tampered")
    until(
        lambda: (victim.config(ORDER), victim.kv("app")) == ("true", {"a": "1"}),
        timeout=30,
        what="the drift to be healed",
    )


def test_drift_is_only_told_where_the_user_says_so(make: Make) -> None:
    policy = {"kvConfig": "Report", "namesrvConfig": "Report"}
    nsc = make(replicas=1, drift=policy, namesrvConfig={ORDER: "true"}, **kv("1"))
    (server,) = servers(nsc)
    server.put("app", "a", "tampered")
    nsc.wait_status(lambda status: status["config"] == "Drifted", "Drifted")
    assert nsc.condition("KVSynced")["message"] == f"{nsc.name}-nameserver-0: app/a"
    assert server.kv("app") == {"a": "tampered"}


def test_a_property_that_needs_a_restart_says_so_and_does_not_restart(make: Make) -> None:
    nsc = make(replicas=1)
    before = nsc.started()
    nsc.patch(namesrvConfig={SCAN: "4000"})
    found = nsc.wait_status(lambda status: status["config"] == "RestartRequired", "RestartRequired")
    assert found["namesrvConfig"]["restartRequiredKeys"] == [SCAN]
    assert nsc.started() == before
    nsc.kubectl("delete", "pod", f"{nsc.name}-nameserver-0")
    nsc.wait_status(lambda status: status["config"] == "Synced", "Synced after a restart")


@pytest.mark.parametrize(
    ("config", "reason", "words"),
    [
        ({"noSuchKey": "1"}, "UnknownKeys", "noSuchKey"),
        ({"waitSecondsForService": "soon"}, "InvalidConfigValue", "'soon' is not of type int"),
    ],
)
def test_configuration_that_no_server_takes_is_told(
    make: Make, config: dict[str, str], reason: str, words: str
) -> None:
    nsc = make(wait=False, replicas=1, namesrvConfig=config)
    nsc.wait_status(
        lambda status: any(c["reason"] == reason for c in status.get("conditions", ())), reason
    )
    until(
        lambda: words in nsc.condition("Ready")["message"],
        timeout=30,
        what=f"Ready to say {words!r}",
    )
