"""What the command line of a container says about the server in it."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rocketmq_operator.reconciler.kinds import Object

MAIN: Final = "org.apache.rocketmq.namesrv.NamesrvStartup"
OTHERS: Final = re.compile(r"mqbroker|mqproxy|mqcontroller|\.(Broker|Proxy|Controller)Startup$")
IMAGE: Final = re.compile(r"namesrv|(rocketmq|rmq).*name-?serv(er|ice)")
CONTROL: Final = frozenset({"&&", "||", ";", "|", "&", ">", ">>", "2>&1", "<"})
IN_PATH: Final = re.compile(r"(?:^|/)mqnamesrv(?:\.sh)?$")


@dataclass(frozen=True)
class CommandLine:
    """``config`` is the file after ``-c``; ``unknown`` are options without a counterpart."""

    config: str | None = None
    java_options: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def runs_nameserver(container: Object) -> bool:
    """Whether a NameServer runs in a container, by its command or else by its image's name."""
    if next(_words(container), None) is None:
        return IMAGE.search(str(container.get("image", "")).lower()) is not None
    return read(container) is not None


def read(container: Object) -> CommandLine | None:
    """How ``command`` and ``args`` start a NameServer; None if they start none."""
    words = list(_words(container))
    at = next((n for n, word in enumerate(words) if IN_PATH.search(word) or word == MAIN), None)
    if at is None:
        return None
    options = _options(words[at + 1 :])
    java = [word for word in words[:at] if word.startswith(("-X", "-D"))]
    config = next((value for name, value in options if name == "-c" and value), None)
    unknown = (" ".join(filter(None, option)) for option in options if option[0] != "-c")
    return CommandLine(config, tuple(java), tuple(unknown))


def runs_another(container: Object) -> bool:
    """Whether a broker, a proxy or a controller runs in a container."""
    return any(OTHERS.search(word) for word in _words(container))


def _words(container: Object) -> Iterator[str]:
    """The words of command and arguments, those of a script for a shell among them."""
    for name in ("command", "args"):
        given = container.get(name)
        for word in given if isinstance(given, list) else ():
            yield from _split(str(word)) if re.search(r"\s", str(word)) else [str(word)]


def _split(script: str) -> list[str]:
    words = shlex.shlex(script, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    try:
        return list(words)
    except ValueError:
        return script.split()


def _options(words: list[str]) -> list[tuple[str, str | None]]:
    """Options with their values, up to where another command begins."""
    found: list[tuple[str, str | None]] = []
    for word in words:
        if word in CONTROL:
            break
        if word.startswith("-") or not found or found[-1][1] is not None:
            found.append((word, None))
        else:
            found[-1] = (found[-1][0], word)
    return found
