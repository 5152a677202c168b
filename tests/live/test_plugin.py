"""`kubectl nsc` on a real API server and real servers."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml

from harness.connection import Connection
from harness.errors import HarnessError
from harness.plugin import Plugin
from harness.product import Make, Nsc
from harness.registrations import body, member, registration
from harness.server import Server
from harness.wait import until

BROKER: Final = "10.0.0.7:10911"
SECRET: Final = "hunter2-hunter2"


@contextmanager
def registered(server: str, topics: dict[str, int]) -> Iterator[None]:
    """A broker on one server, for as long as its connection lasts."""
    who = member("broker-a", address=BROKER)
    with Connection(server) as connection:
        connection.socket.sendall(registration(who, body(topics)))
        assert connection.receive().code == 0
        yield


def test_a_broker_that_one_server_lacks_is_seen_from_all_sides(make: Make, plugin: Plugin) -> None:
    nsc = make(replicas=2, brokers={"staleAfterSeconds": 20, "probeIntervalSeconds": 5})
    first, second = sorted(nsc.servers())
    with registered(nsc.servers()[first], {"orders": 4, "TBW102": 8}):
        (row,) = plugin.json("views", nsc.name)
        assert row["address"] == BROKER
        assert row["servers"] == {first: "registered", second: "missing"}
        assert "not the same everywhere: broker-a (id 0)" in plugin.text("views", nsc.name)
        (broker,) = plugin.json("brokers", nsc.name, "--live")
        assert broker["missingFrom"] == [second]
        route = plugin.json("routes", "orders", nsc.name, code=1)
        assert list(route["errors"]) == [second]
        assert route["routes"][0]["servers"] == [first]
        told = plugin.run("routes", "order", nsc.name, code=1).stderr
        assert "did you mean orders?" in told
        checks = plugin.json("doctor", BROKER, "-c", nsc.name, code=1)
        verdicts = {each["check"]: each for each in checks}
        assert verdicts[f"{first} knows the broker"]["verdict"] == "ok"
        assert nsc.addresses("namesrvAddr") in verdicts[f"{second} knows the broker"]["fix"]
        nsc.wait_columns(VIEWS="Diverged")
        text = plugin.text("status", nsc.name)
        assert f"What to do next\n  - see who lacks what: kubectl nsc views {nsc.name}" in text
        assert plugin.json("brokers", nsc.name)[0]["missingFrom"] == [second]
    nsc.wait_columns(BROKERS="0/1")
    left = {each["servers"][first] for each in plugin.json("views", nsc.name)}
    assert left == set()  # no server shows it any more
    checks = plugin.json("doctor", BROKER, "-c", nsc.name, code=1)
    found = {each["check"]: each["found"] for each in checks}
    assert found[f"{first} knows the broker"].startswith("it left ")


def test_configuration_that_was_changed_by_hand_is_shown_while_the_operator_pauses(
    make: Make, plugin: Plugin
) -> None:
    nsc = make(replicas=2, namesrvConfig={"orderMessageEnable": "true"})
    assert "no difference in" in plugin.text("config", "diff", nsc.name)
    told = plugin.run("pause", nsc.name)
    assert "nothing is changed until kubectl nsc resume" in told.stdout
    assert "the next apply undoes this" in told.stderr
    nsc.wait_columns(STATUS="Paused")
    first = min(nsc.servers())
    Server(nsc.servers()[first]).set_config("orderMessageEnable", "false")
    (difference,) = plugin.json("config", "diff", nsc.name, code=1)
    assert difference["name"] == "orderMessageEnable"
    assert difference["wanted"] == "true"
    assert difference["servers"][first] == "false"
    assert "nothing is changed until" in plugin.text("status", nsc.name)
    plugin.run("resume", nsc.name)
    until(lambda: _same(plugin, nsc), timeout=60, what="the servers as the spec wants them")


def _same(plugin: Plugin, nsc: Nsc) -> bool:
    try:
        return "no difference in" in plugin.text("config", "diff", nsc.name)
    except HarnessError:
        return False


def test_entries_are_set_in_the_spec_and_read_from_the_servers(make: Make, plugin: Plugin) -> None:
    nsc = make(replicas=1, kvConfig=[{"kvNamespace": "shop", "entries": {"region": "eu-1"}}])
    told = plugin.run("kv", "set", "shop", "limit", "100")
    assert "kept in git" in told.stderr
    plugin.run("kv", "set", "ORDER_TOPIC_CONFIG", "orders", "broker-a:4")
    want = {"region": "eu-1", "limit": "100"}
    assert nsc.get()["spec"]["kvConfig"] == [{"kvNamespace": "shop", "entries": want}]
    (server,) = map(Server, nsc.servers().values())
    until(lambda: server.kv("shop") == want, timeout=30, what="both entries on the server")
    until(lambda: server.kv("ORDER_TOPIC_CONFIG"), timeout=30, what="the ordered topic there")
    assert plugin.text("kv", "get", "shop", "limit") == "100\n"
    assert plugin.json("kv", "get", "shop")[0] == {
        "namespace": "shop",
        "key": "limit",
        "value": "100",
    }
    exported = yaml.safe_load(plugin.text("kv", "export"))
    assert exported["kvConfig"] == [{"kvNamespace": "shop", "entries": want}]
    assert exported["orderTopics"] == {"orders": "broker-a:4"}
    assert "no server has KV shop/nope" in plugin.run("kv", "get", "shop", "nope", code=1).stderr
    managers = {entry["manager"] for entry in nsc.get()["metadata"]["managedFields"]}
    assert "kubectl-nsc" in managers


def test_a_restart_replaces_every_server(make: Make, plugin: Plugin) -> None:
    nsc = make(replicas=2, rollout={"minReadySeconds": 0})
    before = nsc.started()
    told = plugin.text("restart", nsc.name)
    assert "replaces its 2 servers one after another" in told
    nsc.wait_rolled(before)


def test_a_report_has_what_helps_and_no_planted_secret(
    make: Make, plugin: Plugin, tmp_path: Path
) -> None:
    env = [{"name": "PASSWORD", "value": SECRET}]
    kv = [{"kvNamespace": "shop", "entries": {"token": f"{SECRET}-kv"}}]
    nsc = make(replicas=1, pod={"env": env}, kvConfig=kv)
    assert SECRET in nsc.kubectl("get", "nsc,pods,configmaps", "-o", "yaml")
    file = tmp_path / "report.tar.gz"
    assert "without secrets" in plugin.text("report", nsc.name, "-o", file)
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        texts = {
            member.name.removeprefix("nsc-report/"): (archive.extractfile(member) or _none()).read()
            for member in archive.getmembers()
        }
    assert [name for name, data in texts.items() if SECRET.encode() in data] == []
    folder = f"{nsc.namespace}/{nsc.name}"
    pod = f"{nsc.name}-nameserver-0"
    wanted = ["nameservercluster.yaml", "status.txt", "statefulsets.yaml", "pods.yaml"]
    wanted += ["events.txt", f"servers/{pod}-kv.json", f"servers/{pod}-config.json"]
    assert [name for name in wanted if not texts.get(f"{folder}/{name}")] == []
    assert b"token" in texts[f"{folder}/servers/{pod}-kv.json"]
    assert b"PASSWORD" in texts[f"{folder}/nameservercluster.yaml"]
    assert b"Ready" in texts[f"{folder}/events.txt"]


def _none() -> tarfile.ExFileObject:
    raise AssertionError("a report has files only")


def test_a_plan_is_that_of_the_operator(make: Make, plugin: Plugin, tmp_path: Path) -> None:
    nsc = make(replicas=1)
    manifest = nsc.get()
    spec = {**manifest["spec"], "kvConfig": [{"kvNamespace": "app", "entries": {"a": "1"}}]}
    file = tmp_path / "nsc.yaml"
    metadata = {"name": nsc.name, "namespace": nsc.namespace}
    kind = {name: manifest[name] for name in ("apiVersion", "kind")}
    file.write_text(yaml.safe_dump({**kind, "metadata": metadata, "spec": spec}))
    told = plugin.text("plan", "-f", file, "--nameserver-image", nsc.product.nameserver_image())
    assert "put KV app/a = 1" in told
    assert "replaces" not in told


def test_java_servers_are_not_asked_for_what_they_do_not_have(make: Make, plugin: Plugin) -> None:
    nsc = make(wait=False, replicas=1, flavor="Java", image="nowhere/java:1")
    told = plugin.run("config", "diff", nsc.name, code=1).stderr
    assert "Java's servers, which have no HTTP side" in told


def test_what_is_not_there_is_said_in_one_line(plugin: Plugin, namespace: str) -> None:
    told = plugin.run("status", "nope", code=1).stderr
    assert told == f"kubectl nsc: there is no NameServerCluster nope in namespace {namespace}\n"


def test_several_clusters_want_a_name(make: Make, plugin: Plugin) -> None:
    make(wait=False, replicas=1)
    make(wait=False, replicas=1)
    assert "name one" in plugin.run("views", code=2).stderr
    assert len(plugin.json("status")) == 2
