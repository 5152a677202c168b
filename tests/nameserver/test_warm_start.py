"""A server that starts beside others: what it serves of theirs, for how long, and what it tells."""

import contextlib
import signal
import socket
import threading
import time

import pytest

from harness.loopback import free_ports
from harness.wait import until
from rocketmq_operator.protocol import bodies
from rocketmq_operator.protocol.bodies import DataVersion, TopicRouteData
from rocketmq_operator.protocol.codes import RequestCode

ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC


def brokers(server):
    """Broker names that a server shows, and whether each is provisional."""
    shown = server.json("/api/v1/brokers")["brokers"]
    return {broker["name"]: broker["provisional"] for broker in shown}


def route(connect, server, topic):
    """Addresses by broker name of a topic's route; empty if it has none."""
    answer = connect(server.address).tell(ROUTE, topic=topic)
    if answer.code != 0:
        return {}
    datas = bodies.decode(answer.body, TopicRouteData).broker_datas
    return {data.broker_name: data.broker_addrs for data in datas}


@pytest.fixture
def beside(start):
    """Start a server that asks others."""
    return lambda *others, options=(): start(
        "--peers", ",".join(other.http for other in others), *options
    )


@contextlib.contextmanager
def listening(answer=b""):
    """A peer that takes connections and says ``answer`` to each."""
    peers = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    peers.append(listener.accept()[0])
                    peers[-1].sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join(5)
            for peer in peers:
                peer.close()


def test_it_serves_what_another_server_knows_and_says_what_is_provisional(
    start, beside, connect, registration
):
    first = start()
    peer = connect(first.address)
    peer.ask(registration())
    peer.ask(registration(("B", "C"), name="bb", address="10.0.0.2:10911", filters=["f:1"]))
    second = beside(first)
    assert "routes of 2 brokers and 3 topics from 1 other servers" in second.log
    for topic in "ABC":
        ours, theirs = (connect(each.address).tell(ROUTE, topic=topic) for each in (second, first))
        assert (ours.code, ours.body) == (theirs.code, theirs.body)
    assert brokers(second) == {"ba": True, "bb": True}
    assert "rocketmq_nameserver_brokers_provisional 2" in second.get("/metrics")[1]
    connect(second.address).ask(registration(("A",), counter=2))
    assert brokers(second) == {"ba": False, "bb": True}


def test_the_environment_may_name_the_peers(start, connect, registration):
    first = start()
    connect(first.address).ask(registration())
    assert brokers(start(NAMESRV_PEERS=first.http)) == {"ba": True}


def test_a_registration_of_some_topics_takes_none_of_the_others_away(
    start, beside, connect, registration
):
    first = start()
    connect(first.address).ask(registration())
    second = beside(first)
    broker = connect(second.address)
    assert broker.ask(registration(("B",), counter=2)).code == 0
    assert route(connect, second, "A") == route(connect, first, "A") != {}


def test_brokers_are_told_nothing_that_only_another_server_knows(
    start, beside, connect, registration
):
    first = start()
    connect(first.address).ask(registration())
    second = beside(first)
    slave = connect(second.address)
    told = slave.ask(registration(name="ba", address="10.0.0.9:10911", broker_id=1))
    assert "masterAddr" not in (told.ext_fields or {})
    version = bodies.encode(DataVersion(1, 0, 1000))
    asked = slave.tell(
        RequestCode.QUERY_DATA_VERSION, version, clusterName="C1", brokerAddr="10.0.0.1:10911"
    )
    assert (asked.ext_fields["changed"], asked.body) == ("true", b"")


def test_a_broker_that_leaves_the_others_is_dropped_soon(start, beside, connect, registration):
    first, other = start(), start()
    ways = [connect(each.address) for each in (first, other)]
    for way in ways:
        way.ask(registration())
    second = beside(first, other)
    ways[0].socket.close()
    until(lambda: not brokers(first), timeout=5, what="the first to notice")
    time.sleep(2.2)  # two looks: while one server has it registered, it is there
    assert brokers(second) == {"ba": True}
    ways[1].socket.close()
    until(lambda: not brokers(second), timeout=2.5, what="the second to drop it")
    assert route(connect, second, "A") == {}
    assert "left another server, brokers gone: 10.0.0.1:10911 (C1)" in second.log


def test_who_left_before_the_start_is_not_taken_from_one_that_missed_it(
    start, beside, connect, registration
):
    first = start()
    way = connect(first.address)
    way.ask(registration())
    warm = beside(first)
    first.process.send_signal(signal.SIGSTOP)  # it cannot tell the warm one any more
    third = start()
    to_third = connect(third.address)
    to_third.ask(registration())
    to_third.socket.close()
    until(lambda: not brokers(third), timeout=5, what="the third to notice")
    fourth = beside(warm, third)
    assert brokers(fourth) == {}


def test_time_goes_on_from_the_last_sign_of_life_through_all_hands(
    start, beside, connect, registration
):
    first = start()
    began = time.monotonic()
    connect(first.address).ask(registration(heartbeatTimeoutMillis="4000"))
    fast = start.directory / "fast.properties"
    fast.write_text("scanNotActiveBrokerInterval=50\nlistenPort=0\n")
    second = beside(first, options=("-c", str(fast)))
    first.stop(signal.SIGKILL)
    third = beside(second, options=("-c", str(fast)))
    assert brokers(third) == {"ba": True}
    second.stop(signal.SIGKILL)
    until(lambda: not brokers(third), timeout=10, what="the third to drop it")
    assert 3.9 < time.monotonic() - began < 4.9


def test_a_broker_that_closes_its_own_port_is_gone(start, beside, connect, registration):
    first = start()
    with socket.create_server(("127.0.0.1", 0)) as broker:
        address = f"127.0.0.1:{broker.getsockname()[1]}"
        connect(first.address).ask(registration(address=address))
        second = beside(first)
        first.stop(signal.SIGKILL)
        held, _ = broker.accept()
        assert brokers(second) == {"ba": True}
    held.close()
    until(lambda: not brokers(second), timeout=3, what="the broker to be dropped")
    assert f"its port is closed, brokers gone: {address} (C1)" in second.log


def test_a_broker_whose_port_never_answered_stays(start, beside, connect, registration):
    first = start()
    connect(first.address).ask(registration(address=f"127.0.0.1:{free_ports('127.0.0.1', 1)[0]}"))
    second = beside(first)
    first.stop(signal.SIGKILL)
    time.sleep(2.5)  # more than one try
    assert brokers(second) == {"ba": True}


def test_the_first_of_all_servers_is_ready_at_once(start):
    http = f"127.0.0.1:{free_ports('127.0.0.1', 1)[0]}"
    began = time.monotonic()
    server = start("--http", http, "--peers", http)
    assert time.monotonic() - began < 2.5
    assert "no other server to ask" in server.log
    assert server.get("/readyz") == (200, "serving\n")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nnope\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"topics":3}',
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_peer_of_no_use_delays_a_start_and_does_not_prevent_it(start, answer):
    with listening(answer) as address:
        began = time.monotonic()
        server = start("--peers", address)
        assert 2.5 < time.monotonic() - began < 8
        assert f"http://{address}: no routes from there" in server.log
        assert server.get("/readyz") == (200, "serving\n")


def test_it_is_alive_and_not_ready_and_not_served_from_while_it_asks(start):
    remoting, http = (f"127.0.0.1:{free_ports('127.0.0.1', 1)[0]}" for _ in range(2))
    with listening() as address:
        starting = []
        waiting = threading.Thread(
            target=lambda: starting.append(
                start("--listen", remoting, "--http", http, "--peers", address)
            )
        )
        waiting.start()
        asked = until(lambda: _get(http, "/readyz"), timeout=5, what="HTTP to answer")
        assert asked.startswith("HTTP/1.0 503")
        assert "asking the other servers" in asked
        assert _get(http, "/livez").startswith("HTTP/1.0 200")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(remoting.rpartition(":")[2])), 1)
        waiting.join(10)
    assert starting[0].get("/readyz") == (200, "serving\n")


def _get(address, path):
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), 2) as peer:
            peer.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
            return b"".join(iter(lambda: peer.recv(4096), b"")).decode()
    except ConnectionRefusedError:
        return ""
