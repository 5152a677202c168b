"""Log lines tell which object they are about."""

import json
import subprocess
import sys

SCRIPT = """
import asyncio, logging
from rocketmq_operator.reconciler import logs
logs.configure("info", {form!r})
log = logging.getLogger("it")
async def later():
    log.warning("later")
async def main():
    with logs.about("mq/prod"):
        log.info("now %d", 1)
        task = asyncio.create_task(later())
    await task
    log.debug("not shown")
    log.info("nothing")
asyncio.run(main())
"""


def logged(form: str) -> list[str]:
    script = SCRIPT.format(form=form)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stderr.splitlines()


def test_plain_lines() -> None:
    assert [line.partition(",")[2][4:] for line in logged("plain")] == [
        "INFO it [mq/prod] now 1",
        "WARNING it [mq/prod] later",
        "INFO it [-] nothing",
    ]


def test_json_lines() -> None:
    lines = [json.loads(line) for line in logged("json")]
    assert all(line.pop("time") for line in lines)
    assert lines == [
        {"level": "INFO", "logger": "it", "object": "mq/prod", "message": "now 1"},
        {"level": "WARNING", "logger": "it", "object": "mq/prod", "message": "later"},
        {"level": "INFO", "logger": "it", "object": "-", "message": "nothing"},
    ]
