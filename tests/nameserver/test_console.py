"""What people and programs read of a server over HTTP."""

import re
from html.parser import HTMLParser

import pytest

from harness.connection import Connection
from rocketmq_operator.nameserver import pages

NASTY = '<script>alert("x")</script>'


class Text(HTMLParser):
    """The texts of a page, and the names of its elements."""

    def __init__(self, page):
        super().__init__()
        self.texts, self.elements, self.links = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def server(start, connect, registration):
    """A server with a broker, a topic of a dangerous name, a KV entry and a changed property."""
    server = start()
    peer = connect(server.address)
    peer.ask(registration(("A", "a/b", NASTY), __ZONE_NAME="zone-1"))
    peer.tell(100, namespace="shop", key="region", value="eu & us")
    peer.tell(318, b"orderMessageEnable=true\nserverSocketSndBufSize=5")
    return server


def test_programs_read_configuration_kv_and_topics(server):
    told = server.json("/api/v1/config")
    assert told["properties"]["orderMessageEnable"] == "true"
    assert told["restartRequired"] == ["serverSocketSndBufSize"]
    assert server.json("/api/v1/kv") == {"namespaces": {"shop": {"region": "eu & us"}}}
    assert server.json("/api/v1/topics") == {"topics": [NASTY, "A", "a/b"], "total": 3}
    assert server.json("/api/v1/topics?prefix=a&limit=5") == {"topics": ["a/b"], "total": 1}
    assert server.json("/api/v1/topics?limit=1") == {"topics": [NASTY], "total": 3}
    assert server.get("/api/v1/topics?limit=many")[0] == 400


def test_programs_read_a_route(server):
    route = server.json("/api/v1/routes/a/b")
    assert route["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.1:10911"}
    assert route["queueDatas"][0]["perm"] == 6
    assert server.get("/api/v1/routes/none") == (404, '{"error":"no route for topic none"}')


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("/", ["ba", "0 master", "10.0.0.1:10911", "zone-1", "registered", "serving"]),
        ("/topics", ["A", "a/b", NASTY]),
        ("/topics/a%2Fb", ["ba", "RW", "0: 10.0.0.1:10911"]),
        ("/topics/none", ["No route."]),
        ("/config", ["orderMessageEnable", "true", "waits for a restart"]),
        ("/kv", ["shop", "region", "eu & us"]),
    ],
)
def test_pages_show_it_and_need_nothing_from_elsewhere(server, path, texts):
    status, page = server.get(path)
    assert status == (404 if path == "/topics/none" else 200)
    found = Text(page)
    assert set(texts) <= set(found.texts)
    assert "script" not in found.elements
    assert all(link.startswith("/") for link in found.links)


def test_a_part_of_a_name_finds_topics_whatever_the_case(server):
    found = Text(server.get("/topics?contains=A%2FB")[1])
    assert "a/b" in found.texts
    assert "A" not in found.texts


def test_many_topics_are_counted_and_the_first_shown(start, registration):
    server = start()
    with Connection(server.address) as peer:
        peer.send(registration([f"T{number:05}" for number in range(12_000)]))
        assert peer.receive().code == 0
        page = server.get("/topics")[1]
        assert "500 of 12,000; look for a part of a name." in page
        assert len(re.findall(r'href="/topics/T', page)) == 500
        told = server.json("/api/v1/topics?limit=20000")
    assert (len(told["topics"]), told["topics"][-1], told["total"]) == (10_000, "T09999", 12_000)


def test_what_others_told_is_shown_as_that(start, server):
    second = start("--peers", server.http)
    found = Text(second.get("/")[1])
    assert "provisional" in found.texts
    assert f"http://{server.http}" in found.texts
    assert "told of 1 brokers" in found.texts


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0 s"),
        (999, "0 s"),
        (61_000, "1 min 1 s"),
        (3_600_000, "1 h"),
        (90_061_000, "1 d 1 h"),
    ],
)
def test_ages_have_two_units(milliseconds, text):
    assert pages.age(milliseconds) == text
