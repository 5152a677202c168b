"""The real process: start, stop, durability, and peers that misbehave."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from rocketmq_operator.protocol import headers
from rocketmq_operator.protocol.command import RemotingCommand, request


def until(condition, what, timeout=10.0):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)
    return found


def broker_names(server):
    return {broker["name"] for broker in server.json("/api/v1/brokers")["brokers"]}


def test_it_boots_with_javas_line_serves_and_stops_on_sigterm(start, connect, registration):
    server = start()
    assert server.boot.startswith("The Name Server boot success. serializeType=JSON, address 127.")
    peer = connect(server.address)
    assert peer.ask(registration()).code == 0
    assert peer.tell(105, topic="A").code == 0
    assert server.get("/livez") == (200, "alive\n")
    assert server.get("/readyz") == (200, "serving\n")
    assert server.stop() == 0
    assert peer.closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_everywhere_is_everywhere_in_both_families(start, host):
    server = start("--listen", "0.0.0.0:0", "--http", "0.0.0.0:0")
    (port, http_port) = (address.rpartition(":")[2] for address in (server.address, server.http))
    assert server.address.startswith("0.0.0.0:")
    with socket.create_connection((host, int(port)), 5) as peer:
        peer.sendall(headers.encode(request(206)))
        assert peer.recv(4)
    with socket.create_connection((host, int(http_port)), 5) as peer:
        peer.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert b"200 OK" in peer.recv(100)


def test_the_http_side_tells_who_it_is_and_counts(start, connect, registration):
    server = start()
    peer = connect(server.address)
    peer.ask(registration())
    for opaque in (100, 101, 102):  # as many digits: the first is remembered for the others
        peer.ask(RemotingCommand(105, 0, opaque, ext_fields={"topic": "A"}))
    about = server.json("/api/v1/server")
    assert (about["address"], about["http"]) == (server.address, server.http)
    text = server.get("/metrics")[1]
    assert "rocketmq_nameserver_route_lookups_total 3" in text
    assert "rocketmq_nameserver_reply_cache_hits_total 2" in text
    assert 'rocketmq_nameserver_requests_total{request="REGISTER_BROKER"} 1' in text
    assert 'rocketmq_nameserver_requests_total{request="GET_ROUTEINFO_BY_TOPIC"} 3' in text
    assert "rocketmq_nameserver_topics 2" in text


def test_every_metric_is_explained(start):
    names = re.findall(r"^# TYPE (\S+)", start().get("/metrics")[1], re.MULTILINE)
    page = (Path(__file__).parents[2] / "docs/nameserver.md").read_text()
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in page] == []


def test_it_serves_the_list_of_servers_that_it_was_given_and_follows_its_changes(start):
    seed = start.directory / "seed"
    seed.mkdir()
    server = start("--seed-dir", str(seed))
    assert server.get("/rocketmq/nsaddr")[0] == 404
    for addresses in ("a:9876", "a:9876;b:9876"):
        (seed / "nsaddr").write_text(addresses)
        assert server.get("/rocketmq/nsaddr-unit?nofix=1") == (200, addresses)


def test_the_brokers_view_shows_every_address(start, connect, registration):
    server = start()
    connect(server.address).ask(registration(__ZONE_NAME="z", heartbeatTimeoutMillis="60000"))
    view = server.json("/api/v1/brokers")
    (broker,) = view["brokers"]
    assert abs(broker.pop("lastUpdate") - time.time() * 1000) < 60_000
    assert broker == {
        "cluster": "C1",
        "name": "ba",
        "id": 0,
        "address": "10.0.0.1:10911",
        "zone": "z",
        "haServerAddr": "10.0.0.1:109119",
        "provisional": False,
        "heartbeatTimeoutMillis": 60000,
        "topics": 2,
        "dataVersion": {"counter": 1, "stateVersion": 0, "timestamp": 1000},
    }
    assert view["topics"] == 2
    assert view["instance"] == server.json("/api/v1/server")["instance"]


def test_a_long_poll_hears_of_a_change_at_once_and_not_of_a_heartbeat(start, connect, registration):
    server = start()
    peer = connect(server.address)
    peer.ask(registration())
    revision = server.json("/api/v1/brokers")["revision"]
    peer.ask(registration())
    answers = []
    poll = threading.Thread(
        target=lambda: answers.append(server.json(f"/api/v1/brokers?revision={revision}&wait=30"))
    )
    poll.start()
    until(lambda: "long_polls 1" in server.get("/metrics")[1], "the poll waits")
    peer.ask(registration())
    assert not answers
    since = time.monotonic()
    peer.socket.close()
    poll.join(10)
    assert time.monotonic() - since < 2
    assert answers[0]["brokers"] == []
    assert answers[0]["revision"] != revision


def test_a_long_poll_ends_at_its_time_and_refuses_nonsense(start):
    server = start()
    revision = server.json("/api/v1/brokers")["revision"]
    assert server.json(f"/api/v1/brokers?revision={revision}&wait=0.1")["revision"] == revision
    assert server.get("/api/v1/brokers?revision=x")[0] == 400


def test_stopping_does_not_wait_for_long_polls(start):
    server = start()
    revision = server.json("/api/v1/brokers")["revision"]
    poll = threading.Thread(
        target=lambda: server.get(f"/api/v1/brokers?revision={revision}&wait=50")
    )
    poll.start()
    until(lambda: "long_polls 1" in server.get("/metrics")[1], "the poll waits")
    since = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - since < 5
    poll.join(10)


def test_brokers_go_with_their_connection_or_their_silence(start, connect, registration):
    config = start.directory / "ns.conf"
    config.write_text("scanNotActiveBrokerInterval=50\n")
    server = start("-c", str(config))
    closing, silent = connect(server.address), connect(server.address)
    closing.ask(registration(name="closing", address="10.0.0.1:1"))
    silent.ask(registration(name="silent", address="10.0.0.2:1", heartbeatTimeoutMillis="300"))
    connect(server.address).ask(registration(name="fine", address="10.0.0.3:1"))
    closing.socket.close()
    until(lambda: broker_names(server) == {"fine"}, "only the living are left")
    assert silent.closed()
    assert "no sign of life in time, brokers gone: 10.0.0.2:1 (C1)" in server.log


def test_a_broker_that_is_gone_before_it_was_entered_goes_as_well(start, connect, registration):
    server = start()
    other = connect(server.address)
    broker = connect(server.address)
    broker.send(registration([f"t{number}" for number in range(30_000)]))
    broker.close()
    until(lambda: "brokers gone" in server.log, "the broker is dropped")
    assert broker_names(server) == set()
    until(lambda: b"t29999" not in other.ask(request(206)).body, "its topics go as well")


BAD_FRAMES = {
    "negative length": b"\xff\xff\xff\xff",
    "oversized length": b"\x7f\xff\xff\xff",
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "header beyond the frame": b"\x00\x00\x00\x08\x00\x00\xff\xff{}{}",
    "unknown serialize type": b"\x00\x00\x00\x08\x09\x00\x00\x04{}{}",
    "header is no json": b"\x00\x00\x00\x08\x00\x00\x00\x04nope",
}


@pytest.mark.parametrize("data", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_bad_frame_ends_its_own_connection_alone(start, connect, registration, data):
    server = start()
    good, bad = connect(server.address), connect(server.address)
    good.ask(registration())
    bad.ask(registration(name="bb", address="10.0.0.2:1"))
    name = "{}:{}".format(*bad.socket.getsockname())
    bad.send(request(106))
    bad.socket.sendall(data)
    assert bad.receive().code == 0
    assert bad.closed()
    assert good.tell(105, topic="A").code == 0
    until(lambda: broker_names(server) == {"ba"}, "the good broker is left")
    assert f"{name}: closed, refused" in server.log
    assert "frames_rejected_total 1" in server.get("/metrics")[1]


def test_a_half_open_connection_is_reaped_and_a_talking_one_is_not(start, connect, registration):
    config = start.directory / "ns.conf"
    config.write_text("serverChannelMaxIdleTimeSeconds=1\n")
    server = start("-c", str(config))
    silent, talking = connect(server.address), connect(server.address)
    silent.ask(registration())
    silent.socket.sendall(b"\x00\x00\x10")
    ended = threading.Event()
    watch = threading.Thread(target=lambda: silent.closed() and ended.set())
    watch.start()
    until(lambda: talking.tell(106).code == 0 and ended.is_set(), "the silent one is closed")
    watch.join(5)
    assert broker_names(server) == set()
    assert talking.tell(106).code == 0


def send_until_stuck(sock, data):
    """How often ``data`` was taken before the socket's own deadline passed."""
    count = 0
    with contextlib.suppress(TimeoutError):
        while True:
            sock.sendall(data)
            count += 1
    return count


def test_a_peer_that_does_not_read_is_not_read_from(start, connect, registration):
    server = start()
    peer = connect(server.address)
    peer.ask(registration([f"topic-with-a-long-name-{n}" for n in range(2000)]))
    greedy = connect(server.address)
    greedy.socket.settimeout(1)
    accepted = send_until_stuck(greedy.socket, headers.encode(request(206)) * 100)
    assert accepted < 1000
    assert peer.tell(106).code == 0
    greedy.socket.settimeout(10)
    for _ in range(200):
        assert greedy.receive().code == 0


def test_pipelined_writes_and_reads_are_all_answered(start, connect):
    server = start("--data-dir", str(start.directory))
    peer = connect(server.address)
    commands = [request(100, {"namespace": "n", "key": f"k{i}", "value": "v"}) for i in range(200)]
    peer.socket.sendall(b"".join(map(headers.encode, commands)))
    assert {peer.receive().opaque for _ in commands} == {each.opaque for each in commands}
    assert len(json.loads(peer.tell(219, namespace="n").body)["table"]) == 200


def test_kv_and_configuration_survive_sigkill(start, connect):
    server = start("--data-dir", str(start.directory))
    peer = connect(server.address)
    assert peer.tell(100, namespace="ns", key="k", value="v").code == 0
    assert peer.tell(318, b"supportActingMaster=true").code == 0
    server.stop(signal.SIGKILL)
    peer = connect(start("--data-dir", str(start.directory)).address)
    assert peer.tell(101, namespace="ns", key="k").ext_fields == {"value": "v"}
    assert b"supportActingMaster=true" in peer.tell(319).body
    assert list(start.directory.glob(".*")) == []


def test_a_write_that_fails_is_answered_and_changes_nothing(start, connect):
    data = start.directory / "data"
    server = start("--data-dir", str(data))
    data.write_text("in the way")
    peer = connect(server.address)
    answer = peer.tell(100, namespace="ns", key="k", value="v")
    assert answer.code == 1
    assert f"{data}/kvConfig.json cannot be written: " in answer.remark
    assert peer.tell(101, namespace="ns", key="k").code == 22
    assert peer.tell(318, b"clusterTest=true").code == 1
    assert b"clusterTest=false" in peer.tell(319).body


def test_the_configuration_file_is_rewritten_with_a_backup(start, connect):
    config = start.directory / "ns.conf"
    config.write_text("# mine\nwaitSecondsForService=9\n")
    server = start("-c", str(config))
    assert connect(server.address).tell(318, b"waitSecondsForService=10").code == 0
    assert "waitSecondsForService=10\n" in config.read_text()
    assert (start.directory / "ns.conf.bak").read_text().startswith("# mine")


def test_a_seed_wins_for_its_keys_and_keeps_the_rest(start, connect):
    seed, data = start.directory / "seed", start.directory / "data"
    seed.mkdir()
    (seed / "kvConfig.json").write_text('{"configTable":{"ns":{"k":"seed"}}}')
    (seed / "namesrv.properties").write_text("waitSecondsForService=7\nclusterTst=true\n")
    options = ("--data-dir", str(data))
    peer = connect((server := start(*options)).address)
    for key in ("k", "own"):
        peer.tell(100, namespace="ns", key=key, value="stored")
    peer.tell(318, b"waitSecondsForService=1\nsupportActingMaster=true")
    server.stop()
    server = start(*options, "--seed-dir", str(seed))
    peer = connect(server.address)
    assert json.loads(peer.tell(219, namespace="ns").body) == {
        "table": {"k": "seed", "own": "stored"}
    }
    assert b"supportActingMaster=true" in (printed := peer.tell(319).body)
    assert b"waitSecondsForService=7" in printed
    assert "unknown property clusterTst; did you mean clusterTest?" in server.log


def refusal(directory, *options, **environment):
    """Exit code and stderr of a server that does not start."""
    done = subprocess.run(
        [directory.program, *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"HOME": str(directory.directory), "PATH": "/usr/bin:/bin", **environment},
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_corrupt_kv_file_stops_the_start_and_is_left_as_it_is(start):
    path = start.directory / "kvConfig.json"
    path.write_text('{"configTable":{"a":')
    code, words = refusal(start, "--data-dir", str(start.directory))
    assert code == 1
    assert f"KV store {path} is not what a NameServer writes" in words
    assert "character 20" in words
    assert "move it away" in words
    assert path.read_text() == '{"configTable":{"a":'


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["-c", "{dir}/missing.conf"], 2, "properties file {dir}/missing.conf does not exist"),
        (["-c", "{dir}/bad.conf"], 2, "properties file {dir}/bad.conf"),
        (["-c", "{dir}"], 2, "properties file {dir} cannot be read: Is a directory"),
        (["--seed-dir", "{dir}/none"], 2, "seed directory {dir}/none does not exist"),
        (["--seed-dir", "{dir}/seed"], 2, "seed: KV store {dir}/seed/kvConfig.json is not"),
        (["--seed-dir", "{dir}/fixed"], 2, "kvConfigPath cannot be seeded"),
        (["--listen", "nowhere"], 2, "'nowhere' is not host:port"),
        (["--peers", "somewhere"], 2, "'somewhere' is not host:port"),
        (["--listen", "203.0.113.7:1"], 1, "203.0.113.7"),
        (["--no-such"], 2, "unrecognized arguments"),
    ],
)
def test_what_cannot_start_says_why_and_how_to_fix_it(start, options, code, words):
    directory = start.directory
    (directory / "bad.conf").write_text("a=\\u12")
    for name, file, text in (
        ("seed", "kvConfig.json", "[1"),
        ("fixed", "namesrv.properties", "kvConfigPath=/x"),
    ):
        (directory / name).mkdir()
        (directory / name / file).write_text(text)
    found = refusal(start, *(option.format(dir=directory) for option in options))
    assert found[0] == code
    assert words.format(dir=directory) in found[1]
    assert "Traceback" not in found[1]


def test_bad_environment_is_named(start):
    assert refusal(start, NAMESRV_LOG_LEVEL="loud")[0] == 2
    assert "'somewhere' is not host:port" in refusal(start, NAMESRV_PEERS="somewhere")[1]
    assert "set JSON or ROCKETMQ" in refusal(start, ROCKETMQ_SERIALIZE_TYPE="XML")[1]


def test_a_taken_port_is_exit_code_1(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, words = refusal(start, "--listen", address)
    assert code == 1
    assert "address already in use" in words.lower()


def test_print_lists_all_items_and_exits(start):
    done = subprocess.run(
        [start.program, "-p"], capture_output=True, text=True, timeout=30, check=True
    )
    assert "listenPort=9876\n" in done.stdout
    assert len(done.stdout.splitlines()) >= 39


def test_binary_answers_when_the_environment_says_so(start, connect):
    server = start(ROCKETMQ_SERIALIZE_TYPE="ROCKETMQ")
    assert "serializeType=ROCKETMQ" in server.boot
    peer = connect(server.address)
    peer.send(request(106))
    assert peer.socket.recv(5)[4] == 1
