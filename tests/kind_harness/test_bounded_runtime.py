"""The runtime for machines that lack a capability: what runc is given."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.kind import boundedruntime

CAPABILITIES = {
    kind: ["CAP_NET_ADMIN", "CAP_SYS_RESOURCE"]
    for kind in ("bounding", "effective", "inheritable", "permitted")
}


@pytest.fixture
def runc(tmp_path: Path) -> Path:
    """A runc that says what it was called with."""
    program = tmp_path / "bin" / "runc"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    return program


def run(runc: Path, *words: str) -> str:
    search = {"PATH": f"{runc.parent}:{os.environ['PATH']}"}
    program = boundedruntime.__file__
    done = subprocess.run(
        [program, *words], env=search, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


def kept(process: dict[str, Any]) -> set[str]:
    return {name for names in process["capabilities"].values() for name in names}


def test_a_container_is_made_without_the_capability(runc: Path, tmp_path: Path) -> None:
    configuration = tmp_path / "config.json"
    text = {"ociVersion": "1.0.2", "process": {"cwd": "/", "capabilities": CAPABILITIES}}
    configuration.write_text(json.dumps(text))
    words = ("--root", "/run/x", "create", "--bundle", str(tmp_path), "name")
    assert run(runc, *words) == " ".join(words)
    written = json.loads(configuration.read_text())
    assert kept(written["process"]) == {"CAP_NET_ADMIN"}
    assert (written["ociVersion"], written["process"]["cwd"]) == ("1.0.2", "/")


def test_a_further_process_runs_without_it_too(runc: Path, tmp_path: Path) -> None:
    process = tmp_path / "process.json"
    process.write_text(json.dumps({"args": ["sh"], "capabilities": CAPABILITIES}))
    run(runc, "exec", "--process", str(process), "name")
    assert kept(json.loads(process.read_text())) == {"CAP_NET_ADMIN"}


def test_other_commands_pass_as_they_are(runc: Path) -> None:
    assert run(runc, "state", "name") == "state name"
