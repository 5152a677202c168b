"""Configuration that would make a server write elsewhere (the class of CVE-2023-37582)."""

from pathlib import Path

import pytest

from harness.frames import ask
from harness.pair import Pair, Servers
from rocketmq_operator.protocol import properties

ELSEWHERE = "/tmp/elsewhere/kvConfig.json"


@pytest.mark.parametrize(
    "text",
    [
        f"kvConfigPath={ELSEWHERE}",
        f"configStorePath={ELSEWHERE}",
        f"rocketmqHome={ELSEWHERE}",
        "configBlackList=nothing",
        f"productEnvName=x\nkvConfigPath={ELSEWHERE}",
        f"kvConfigPath:{ELSEWHERE}",
        f"  kvConfig\\\n  Path = {ELSEWHERE}",
        f"kvConfig\\u0050ath={ELSEWHERE}",
    ],
)
def test_where_files_are_written_cannot_be_changed(pair: Pair, text: str) -> None:
    assert pair.answer(ask(318, text.encode())).code == 16
    pair.configuration()


def test_other_spellings_are_other_properties(pair: Pair) -> None:
    assert pair.answer(ask(318, f"KvConfigPath={ELSEWHERE}".encode())).code == 0
    pair.configuration()


def test_a_line_break_in_a_value_smuggles_a_property_into_javas_file(
    servers: Servers, pair: Pair
) -> None:
    value = f"productEnvName=x\\nkvConfigPath={ELSEWHERE}"
    pair.differs("line-break-in-a-value", ask(318, value.encode()))
    theirs = _stored(servers.theirs.configuration)
    ours = _stored(servers.ours.configuration)
    assert theirs["kvConfigPath"] == ELSEWHERE
    assert ours["kvConfigPath"] == str(servers.ours.data / "kvConfig.json")
    pair.answer(ask(318, b"productEnvName=center"))
    pair.configuration()


def _stored(path: Path) -> dict[str, str]:
    """The file that a server reads at its next start."""
    return properties.parse(path.read_bytes())
