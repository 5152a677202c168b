"""Pictures of pages and terminals, by Chromium without a window."""

import os
import pty
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from harness.packages import require

PROGRAM: Final = "chromium"
TIMEOUT: Final = 60.0
SCALE: Final = 1.5
"""Pixels of the picture to one of the page."""
DARK, LIGHT = 0, 1
"""Chromium's words for the colours that a person prefers."""
ALONE: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)
"""What keeps it from asking anybody for anything but the page."""
TERMINAL: Final = """\
<!doctype html><meta charset="utf-8">
<body style="margin:0;padding:16px 20px;background:#191919;color:{foreground}">
<pre style="margin:0;font:14px/1.35 'DejaVu Sans Mono',monospace">{code}</pre>
"""


def page(source: str, target: Path, *, width: int, height: int, dark: bool = False) -> None:
    """Write a picture of the page at the URL `source`, of this many pixels of the page."""
    require({PROGRAM: PROGRAM})
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chromium-") as home:
        subprocess.run(
            [
                PROGRAM,
                *ALONE,
                f"--user-data-dir={home}",
                f"--blink-settings=preferredColorScheme={DARK if dark else LIGHT}",
                f"--force-device-scale-factor={SCALE}",
                f"--window-size={width},{height}",
                f"--screenshot={target}",
                source,
            ],
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        )


def terminal(shown: str, output: str, target: Path, *, columns: int) -> None:
    """Write a picture of a terminal in which the line `shown` was typed and this came out."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=columns, file=nowhere)
        console.print(Text(f"$ {shown}"))
        console.print(Text.from_ansi(output))
    text = console.export_html(
        theme=DIMMED_MONOKAI, code_format=TERMINAL, inline_styles=True, clear=False
    )
    lines = len(console.export_text().splitlines())
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        page(f"file://{file.name}", target, width=columns * 9 + 24, height=lines * 19 + 34)


def typed(words: Sequence[str | Path], environment: Mapping[str, str], *, columns: int) -> str:
    """What a program prints to a terminal so wide, with its colours."""
    ours, theirs = pty.openpty()
    wide = {**environment, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    with os.fdopen(ours, "rb", buffering=0) as reader:
        child = subprocess.Popen(
            [*map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs, env=wide
        )
        os.close(theirs)
        output = _all(reader.fileno())
        child.wait(TIMEOUT)
    return output.decode().replace("\r\n", "\n")


def _all(terminal: int) -> bytes:
    """All that is written to a terminal until nobody has it open any more."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # how Linux says so
            part = b""
        if not part:
            return b"".join(parts)
        parts.append(part)
