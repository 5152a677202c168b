"""How `kubectl-nsc` reads its command line, what it exits with, and how shells complete it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.plugin.cli import COMMANDS, cli, exit_code
from rocketmq_operator.plugin.completion import completions
from rocketmq_operator.plugin.reach import UnreachableError
from rocketmq_operator.reconciler.kube.api import KubeError

BIN = Path(sys.executable).parent
NOWHERE = """
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""
GROUPS = {"config": ["diff"], "kv": ["get", "diff", "set", "export"]}
LEAVES = [[name] for name in COMMANDS if name not in GROUPS]
LEAVES += [[group, name] for group, names in GROUPS.items() for name in names]


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    path = tmp_path / "config"
    path.write_text(NOWHERE)
    return str(path)


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "kubectl-nsc", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_explains_itself_with_an_example(words: list[str]) -> None:
    told = CliRunner().invoke(cli, [*words, "--help"])
    assert told.exit_code == 0
    assert f"Example: kubectl nsc {' '.join(words)}" in told.output
    assert "--namespace" in told.output


def test_the_list_of_commands_says_what_each_does() -> None:
    told = CliRunner().invoke(cli, ["--help"])
    assert all(f"  {name} " in told.output and words in told.output
               for name, (_, words) in COMMANDS.items())  # fmt: skip


@pytest.mark.parametrize("words", [["nope"], ["status", "--nope"], ["plan"], ["restart"]])
def test_a_wrong_command_line_is_2(words: list[str]) -> None:
    assert CliRunner().invoke(cli, words).exit_code == 2


def test_an_api_server_that_is_away_is_3_in_one_line(kubeconfig: str) -> None:
    for words in (["status", "--kubeconfig", kubeconfig], ["--kubeconfig", kubeconfig, "status"]):
        told = run(*words)
        assert told.returncode == 3
        assert told.stdout == ""
        assert told.stderr.startswith("kubectl nsc: GET /apis/namesrv.dev/")
        assert len(told.stderr.splitlines()) == 1


def test_a_context_that_there_is_not_is_2(kubeconfig: str) -> None:
    told = run("status", "--kubeconfig", kubeconfig, "--context", "b")
    assert told.returncode == 2
    assert "b" in told.stderr


def test_a_cluster_that_there_is_not_is_1() -> None:
    assert exit_code(KubeError(404, "NotFound", "gone")) == 1
    assert exit_code(UnreachableError("no server")) == 1
    assert exit_code(KubeError(0, "Timeout", "slow")) == 3
    assert exit_code(SettingsError("wrong")) == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["re"], ["resume", "restart", "report"]),
        (["kv", ""], ["get", "diff", "set", "export"]),
        (["status", "-o", "j"], ["json"]),
        (["status", "--con"], ["--context"]),
    ],
)
def test_kubectl_completes_words(words: list[str], found: list[str]) -> None:
    *lines, directive = completions(words)
    assert sorted(line.partition("\t")[0] for line in lines) == sorted(found)
    assert directive == ":4"


def test_a_file_is_completed_by_the_shell() -> None:
    assert completions(["plan", "-f", ""]) == [":0"]


def test_names_are_not_waited_for_where_no_api_answers(kubeconfig: str) -> None:
    assert completions(["status", "--kubeconfig", kubeconfig, ""]) == [":4"]


def test_bash_completes_the_program_itself() -> None:
    told = run(_KUBECTL_NSC_COMPLETE="bash_source")
    assert "complete -o nosort -F" in told.stdout
    assert "kubectl-nsc" in told.stdout
