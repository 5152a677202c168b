"""UPDATE (318) and GET_NAMESRV_CONFIG (319): every property, black list, properties syntax."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.frames import JSON, ROCKETMQ, Answer, ask
from harness.pair import Pair, Servers, start_servers

TEXTS = ("productEnvName",)
BOOLEANS = (
    "clusterTest",
    "orderMessageEnable",
    "returnOrderTopicConfigToBroker",
    "supportActingMaster",
    "enableAllTopicList",
    "enableTopicList",
    "notifyMinBrokerIdChanged",
    "enableControllerInNamesrv",
    "needWaitForService",
    "deleteTopicWithBrokerRegistration",
    "serverNettyWorkerGroupEnable",
    "serverPooledByteBufAllocatorEnable",
    "enableShutdownGracefully",
    "useEpollNativeSelector",
)
INTS = (
    "clientRequestThreadPoolNums",
    "defaultThreadPoolNums",
    "clientRequestThreadPoolQueueCapacity",
    "defaultThreadPoolQueueCapacity",
    "unRegisterBrokerQueueCapacity",
    "waitSecondsForService",
    "serverWorkerThreads",
    "serverCallbackExecutorThreads",
    "serverSelectorThreads",
    "serverOnewaySemaphoreValue",
    "serverAsyncSemaphoreValue",
    "serverChannelMaxIdleTimeSeconds",
    "serverSocketSndBufSize",
    "serverSocketRcvBufSize",
    "writeBufferHighWaterMark",
    "writeBufferLowWaterMark",
    "serverSocketBacklog",
    "shutdownWaitTimeSeconds",
    "listenPort",
)
LONGS = ("scanNotActiveBrokerInterval",)
UNLISTED = ("connectTimeoutMillis", "useTLS", "notifyMinBrokerIdChangeTimeoutMillis", "noSuchKey")
BLACK = ("configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome")


@pytest.fixture(autouse=True)
def same_afterwards(pair: Pair) -> Iterator[None]:
    """Whatever was set: defaults again, and the same on both."""
    before = pair.configuration()
    yield
    pair.configuration()
    usual = [line for line in before if line and not line.startswith("configBlackList")]
    pair.same(ask(318, "\n".join(usual).encode("latin-1")))
    assert pair.configuration() == before


def set_all(pair: Pair, text: str) -> None:
    pair.same(ask(318, text.encode()))
    pair.configuration()


@pytest.mark.parametrize("name", BOOLEANS)
def test_booleans(pair: Pair, name: str) -> None:
    for value in ("true", "false", "TRUE", "yes", "1", "True ", "", "true"):
        set_all(pair, f"{name}={value}")


@pytest.mark.parametrize("name", INTS)
def test_ints(pair: Pair, name: str) -> None:
    for value in ("60", "070", "+80", "junk", "", "90 ", "2147483648", "1.5", "0x10"):
        set_all(pair, f"{name}={value}")
    if name != "serverChannelMaxIdleTimeSeconds":  # it would close this connection
        for value in ("-1", "2147483647", "0", "-2147483648"):
            set_all(pair, f"{name}={value}")


@pytest.mark.parametrize("name", LONGS)
def test_longs(pair: Pair, name: str) -> None:
    for value in ("9223372036854775807", "9223372036854775808", "-1", "0", "junk", "5L", "5000"):
        set_all(pair, f"{name}={value}")


@pytest.mark.parametrize("name", [*TEXTS, "bindAddress"])
def test_texts(pair: Pair, name: str) -> None:
    for value in ("a b", "  a  ", "", "ü中", "a\\tb", "a\\\\b", "x" * 3000, "a=b:c #d"):
        set_all(pair, f"{name}={value}")


@pytest.mark.parametrize("name", UNLISTED)
def test_names_that_are_not_shown_change_nothing(pair: Pair, name: str) -> None:
    for value in ("1", "true", "junk"):
        set_all(pair, f"{name}={value}")


@pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
@pytest.mark.parametrize("name", BLACK)
@pytest.mark.parametrize(
    "text",
    ["{}=/tmp/x", "{}", "{}:/tmp/x", " {} /tmp/x", "clusterTest=true\n{}=x", "{}=x\nclusterTest=1"],
)
def test_black_listed_names_are_refused_and_nothing_else_is_set(
    pair: Pair, kind: int, name: str, text: str
) -> None:
    refused = pair.answer(ask(318, text.format(name).encode(), kind=kind))
    assert (refused.code, refused.remark) == (16, "Can not update config in black list.")
    pair.configuration()


@pytest.mark.parametrize("name", BLACK)
def test_a_black_listed_name_in_other_letters_is_an_unknown_name(pair: Pair, name: str) -> None:
    for other in (name.upper(), f"{name} x".replace(" ", "\\ "), name[:-1]):
        set_all(pair, f"{other}=/tmp/x")


SYNTAX = [
    "waitSecondsForService=46",
    "waitSecondsForService:46",
    "waitSecondsForService 46",
    "waitSecondsForService\t46",
    "waitSecondsForService = 46",
    "waitSecondsForService  :  46",
    "  waitSecondsForService=46",
    "waitSecondsForService==46",
    "waitSecondsForService=46\r\nclusterTest=true\rorderMessageEnable=true\n",
    "# waitSecondsForService=46",
    "! waitSecondsForService=46",
    "#c\\\nwaitSecondsForService=46",
    "wait\\\n   SecondsForService=4\\\n 6",
    "waitSecondsForService=46\\",
    "waitSecondsForService=46\\\\",
    "wait\\u0053econdsForService=46",
    "waitSecondsForService=\\u0034\\u0036",
    "waitSecondsForService=\\u00zz",
    "waitSecondsForService=\\u12",
    "productEnvName=\\q\\:\\=\\#\\ x",
    "productEnvName=\\ud83d\\ude00",
    "productEnvName=a\x00b",
    "=46",
    "\n\n\n",
    " ",
    "waitSecondsForService=1\nwaitSecondsForService=2",
    "noSuchKey=1\nwaitSecondsForService=47",
    "waitSecondsForService=soon\nclusterTest=true",
    "WaitSecondsForService=48",
    "wait\\ Seconds=1",
    "class=x",
    "properties=x",
]


@pytest.mark.parametrize("text", SYNTAX)
def test_syntax(pair: Pair, text: str) -> None:
    set_all(pair, text)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"productEnvName=\xfc", b"productEnvName=\xc3\xbc", b"\x00", b"\x80=1"],
)
def test_bytes(pair: Pair, body: bytes) -> None:
    pair.same(ask(318, body))


@pytest.mark.parametrize("kind", [JSON, ROCKETMQ])
def test_both_header_forms(pair: Pair, kind: int) -> None:
    pair.same(ask(318, kind=kind))
    pair.same(ask(318, b"productEnvName=x", kind=kind, extra="1"))
    pair.same(ask(318, b"\\u", kind=kind))
    assert isinstance(pair.ours.ask("admin", ask(319, b"body", kind=kind, extra="1")), Answer)


def test_one_way_updates(pair: Pair) -> None:
    pair.told(ask(318, b"productEnvName=oneway", flag=2))
    pair.both(lambda peer: "=oneway" in peer.ask("admin", ask(319)).text, "the new value")


FILE = {
    "clusterTest": "false",
    "productEnvName": "from the file",
    "orderMessageEnable": "TRUE",
    "waitSecondsForService": "soon",
    "enableTopicList": "yes",
    "unknownKey": "kept ü",
    "connectTimeoutMillis": "1234",
    "useTLS": "nonsense",
    "scanNotActiveBrokerInterval": "9000",
    "listenPort": "9876",
    "configBlackList": "configBlackList;waitSecondsForService;other key;",
    "writeBufferHighWaterMark": "0",
    "serverSelectorThreads": " 2",
    "Enabletopiclist": "true",
}


@pytest.fixture(scope="module")
def from_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both, started with a -c file of good, bad and unknown entries."""
    with start_servers(tmp_path_factory.mktemp("file"), properties=FILE) as started:
        yield started


@pytest.fixture
def filed(from_file: Servers) -> Iterator[Pair]:
    """That pair."""
    with from_file.pair() as made:
        yield made


def test_a_file_sets_what_it_names(filed: Pair) -> None:
    filed.configuration()
    for text in (
        "waitSecondsForService=1",
        "other\\ key=1",
        "unknownKey=2",
        "unknownKey=  spaces  ",
        "connectTimeoutMillis=junk",
        "useTLS=true",
        "productEnvName=new",
        "Enabletopiclist=x",
        "clusterTest=true\nunknownKey=3",
        "addedKey=1",
    ):
        filed.same(ask(318, text.encode()))
        filed.configuration()


def test_the_file_is_rewritten_with_everything(from_file: Servers, filed: Pair) -> None:
    filed.same(ask(318, b"productEnvName=written"))
    files = [server.configuration for server in (from_file.theirs, from_file.ours)]
    theirs, ours = (names(file) for file in files)
    assert ours == theirs
    for file in files:
        assert "productEnvName=written" in file.read_text()
        assert file.with_name(f"{file.name}.bak").exists()


def names(file: Path) -> list[str]:
    """The names of a properties file, blanks in them escaped or not."""
    lines = file.read_text(encoding="latin-1").splitlines()
    return [line.partition("=")[0].replace("\\", "") for line in lines]
