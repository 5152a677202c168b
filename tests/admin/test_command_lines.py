"""Command lines of mqadmin mean what they mean to Java's, whose parser reads the same ones."""

import importlib
import random
from collections.abc import Sequence
from typing import Any, Final

import pytest

from harness import java
from rocketmq_operator.admin.catalogue import CATALOGUE
from rocketmq_operator.admin.cli import HELP, own_options
from rocketmq_operator.admin.invocation import NAMESRV
from rocketmq_operator.admin.options import Option, parse
from rocketmq_operator.admin.usage import usage
from rocketmq_operator.errors import SettingsError

OURS_ALONE: Final = {"getKvConfig", "listKvConfig", "diffNamesrvConfig"}
COMMANDS: Final = [name for name in CATALOGUE if name not in OURS_ALONE]
LINES: Final = 400
"""Random lines for each command."""
PLAIN: Final = ("x", "", " a b ", "-", "--", "-5", "-1.5e3", "=", "a=b", '"q"', '"q', '"a"b"', "ü")
SPELLED: Final = (
    "-s a -k b -v c",
    "-sa -kb -vc",
    "-s=a --key=b --value c",
    "--namesp a --k b --val c",
    "-namespace a -key b -valuec",
    "-s a -k b",
    "-s a -k b -v",
    "-s a -k b -v -k",
    "-s a -k b -v -5",
    "-s a -k b -v -x",
    "-s a -k b -v -- -x",
    "--names a -k b -v c",
    "-s a -s a2 -k b -v c more words",
    "-hs a -k b -v c",
    "-h",
    "-x -s a -k b -v c",
    "--help=1 -s a -k b -v c",
    "-h=1 -s a -k b -v c",
)


def options(command: str) -> list[Option]:
    module = importlib.import_module(
        f"rocketmq_operator.admin.commands.{CATALOGUE[command].module}"
    )
    return [HELP, NAMESRV, *module.COMMANDS[command].options]


def ours(read: Sequence[Option], words: Sequence[str]) -> dict[str, Any]:
    try:
        return {"values": parse(read, words).values}
    except SettingsError as error:
        return {"error": str(error)}


def spellings(chosen: random.Random, option: Option) -> str:
    """One of the ways to write an option, or a part of one."""
    long = option.long
    part = long[: chosen.randrange(1, len(long) + 1)]
    ways = [f"-{option.short}", f"--{long}", f"--{part}", f"-{part}", f"--{long}=v", f"--{part}=v"]
    ways += [f"-{option.short}=v", f"-{option.short}v", f"-{long}v", f"-{long}=", f"-{part}v"]
    return chosen.choice(ways)


def line(chosen: random.Random, read: Sequence[Option]) -> list[str]:
    words: list[str] = []
    for option in chosen.sample(read, chosen.randrange(len(read) + 1)):
        words.append(spellings(chosen, option))
        if option.takes_value and chosen.random() < 0.8:
            words.append(chosen.choice(PLAIN))
    if chosen.random() < 0.3:
        words.insert(chosen.randrange(len(words) + 1), chosen.choice((*PLAIN, "-z", "--zz", "-hz")))
    return words


def test_random_lines_are_read_as_java_reads_them() -> None:
    chosen = random.Random(7)
    asked = [(name, line(chosen, options(name))) for name in COMMANDS for _ in range(LINES)]
    told = java.command_lines([[name, *words] for name, words in asked])
    found = [ours(options(name), words) for name, words in asked]
    differing = [
        (name, words, each, theirs)
        for (name, words), each, theirs in zip(asked, found, told, strict=True)
        if each != theirs
    ]
    assert differing == []
    assert sum("values" in each for each in found) > len(found) / 20
    assert len({each["error"].split(":")[0] for each in found if "error" in each}) >= 5


def test_lines_that_people_write_are_read_as_java_reads_them() -> None:
    asked = [text.split(" ") for text in SPELLED]
    told = java.command_lines([["updateKvConfig", *words] for words in asked])
    assert [ours(options("updateKvConfig"), words) for words in asked] == told


def test_what_java_does_not_take_changes_nothing_of_what_it_takes() -> None:
    chosen = random.Random(8)
    for name in COMMANDS:
        java_options = options(name)
        both = [*java_options, *own_options(java_options)]
        for _ in range(LINES):
            words = line(chosen, java_options)
            alone, beside = ours(java_options, words), ours(both, words)
            with_o = any(word.startswith("-o") for word in words)
            assert beside == alone or "error" in alone or with_o


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_is_javas(command: str) -> None:
    (told,) = java.command_lines([[command, None]])
    assert usage(f"mqadmin {command}", options(command)) == told["usage"].rstrip("\n")
