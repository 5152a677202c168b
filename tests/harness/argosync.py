"""Argo CD's controller at work on a cluster: its own sync engine, in the program in `argosync`."""

import json
import os
import select
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.argocd import CUSTOMIZATIONS
from harness.errors import HarnessError
from harness.gobuild import GoModule, GoProgram
from harness.product import POLL, WAIT
from harness.wait import until

PROGRAM: Final = GoProgram(
    "argosync",
    GoModule(
        Path(__file__).parent / "argosync", ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    ),
    also=["../lua/go.mod", "../lua/script/script.go"],
)
PATIENCE: Final = 240.0
"""Seconds for one answer; a sync of several waves waits for the health of each."""
GRACE: Final = 10.0
IN_SYNC: Final = ("Synced", "Healthy")
Object = dict[str, Any]


@dataclass(frozen=True)
class Mode:
    """How an Application is compared and applied, and how its objects are marked."""

    diff: str
    server_side_apply: bool
    tracking: str = "annotation"


CLIENT_SIDE: Final = Mode("threeWay", server_side_apply=False)
"""What Argo CD does unless told otherwise."""
STRUCTURED: Final = Mode("structured", server_side_apply=True)
"""With ServerSideApply=true."""
SERVER_SIDE: Final = Mode("server", server_side_apply=True)
"""With ServerSideDiff=true as well, as in manifests/argocd/application.yaml."""
WAYS: Final = tuple(mode.diff for mode in (CLIENT_SIDE, STRUCTURED, SERVER_SIDE))
"""All ways to compare."""
NONE: Final[dict[str, list[str]]] = {way: [] for way in WAYS}
"""No differences."""


@dataclass(frozen=True)
class Resource:
    """An object of an Application, or one that it would prune."""

    kind: str
    name: str
    sync: str
    health: str
    """Empty for kinds that have none."""
    message: str
    live: Object | None = None
    predicted: Object | None = None
    """What `live` would become, where the two differ."""


@dataclass(frozen=True)
class Node:
    """A live object below an Application, by itself or by its owners."""

    kind: str
    name: str
    tracked: bool


@dataclass(frozen=True)
class Report:
    """What Argo CD's pages show of an Application."""

    sync: str
    health: str
    resources: Sequence[Resource]
    tree: Sequence[Node]

    @property
    def state(self) -> tuple[str, str]:
        """As people read it: in sync or not, and its health."""
        return self.sync, self.health


class ArgoCD(AbstractContextManager["ArgoCD"]):
    """Watches a cluster until its end. Its discovery cache and its log are in `directory`."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        self._log = directory / "argosync.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM.built(), kubeconfig, CUSTOMIZATIONS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Another cluster may have had this one's address, and kubectl's code would
                # believe what it kept of that one's kinds.
                env=os.environ | {"KUBECACHEDIR": str(directory / "discovery")},
            )

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        finally:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def ask(self, command: str, application: Object) -> Object:
        """Compare or sync. Raises HarnessError with what it says if it cannot."""
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise HarnessError("argosync was started without pipes")
        with suppress(BrokenPipeError):  # the log says why it ended
            requests.write(json.dumps({"command": command, "application": application}) + "\n")
            requests.flush()
        if not select.select([answers], [], [], PATIENCE)[0]:
            raise HarnessError(f"no answer to {command} within {PATIENCE:g} s; see {self._log}")
        line = answers.readline()
        if not line:
            raise HarnessError(f"argosync ended; end of its log:\n{self._log.read_text()[-4000:]}")
        answer: Object = json.loads(line)
        if "error" in answer:
            raise HarnessError(f"argosync cannot {command}: {answer['error']}")
        return answer


class Application:
    """One Application; what is in git is `objects`, and changes by assignment."""

    def __init__(
        self, argocd: ArgoCD, name: str, namespace: str, mode: Mode, objects: Sequence[Object] = ()
    ) -> None:
        self._argocd = argocd
        self.name = name
        self.namespace = namespace
        self.mode = mode
        self.objects = deepcopy(list(objects))
        self.ignore_differences: Sequence[str] = ()
        self.respect_ignore_differences = False

    def compare(self, diff: str = "") -> Report:
        """What Argo CD finds, by its mode's way to compare or another."""
        found = self._argocd.ask("compare", self._described(diff=diff or self.mode.diff))
        return Report(
            found["sync"],
            found["health"],
            [Resource(**each) for each in found["resources"] or ()],
            [Node(**each) for each in found["tree"]],
        )

    def differences(self) -> dict[str, list[str]]:
        """Kind/name of what is out of sync, by each way to compare."""
        return {
            way: [f"{e.kind}/{e.name}" for e in self.compare(way).resources if e.sync != "Synced"]
            for way in WAYS
        }

    def sync(self, *, prune: bool = False) -> dict[str, str]:
        """One sync operation, to its end: what was done, by kind/name.

        Raises HarnessError if it fails.
        """
        found = self._argocd.ask("sync", self._described(diff=self.mode.diff, prune=prune))
        if found["phase"] != "Succeeded":
            raise HarnessError(f"sync of {self.name}: {found}")
        return {f"{e['kind']}/{e['name']}": e["status"] for e in found["results"] or ()}

    def converge(self) -> None:
        """Sync and wait until all is well."""
        self.sync()
        self.wait(*IN_SYNC)

    def wait(self, *state: str) -> None:
        """Wait until Argo CD shows it so."""
        what = f"an Application that is {' and '.join(state)}"
        until(lambda: self.compare().state == state, timeout=WAIT, what=what, interval=POLL)

    def _described(self, **more: Any) -> Object:
        return {
            "name": self.name,
            "namespace": self.namespace,
            "tracking": self.mode.tracking,
            "serverSideApply": self.mode.server_side_apply,
            "objects": self.objects,
            "ignoreDifferences": list(self.ignore_differences),
            "respectIgnoreDifferences": self.respect_ignore_differences,
            **more,
        }
