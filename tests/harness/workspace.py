"""A namespace of a test cluster, with words for what tests do in it."""

import json
from dataclasses import dataclass
from typing import Any

from harness.cluster import Cluster
from harness.errors import HarnessError
from harness.images import PRODUCT_IMAGE
from harness.wait import NotInTimeError, until

Object = dict[str, Any]


@dataclass(frozen=True)
class Workspace:
    """One namespace of the shared cluster."""

    cluster: Cluster
    namespace: str

    def apply(self, *objects: Object) -> None:
        """`kubectl apply` each."""
        for item in objects:
            self.kubectl("apply", "-f", "-", text=json.dumps(item))

    def kubectl(self, *args: str, text: str | None = None, timeout: float = 60) -> str:
        """Run kubectl in the namespace with `text` as its input; its stdout."""
        words = ("--namespace", self.namespace, *args)
        return self.cluster.kubectl(*words, input=text, timeout=timeout).stdout

    def get(self, resource: str, name: str) -> Object:
        """One object of a resource of the core API, such as `pods`. Raises OSError."""
        return self.cluster.get(f"/api/v1/namespaces/{self.namespace}/{resource}/{name}")

    def pod(self, name: str, *command: str, **fields: Any) -> Object:
        """A pod of one container; fields named like a container's go there, others to the pod."""
        in_pod = {"volumes", "restartPolicy", "terminationGracePeriodSeconds", "initContainers"}
        spec = {key: value for key, value in fields.items() if key in in_pod}
        own = {key: value for key, value in fields.items() if key not in in_pod}
        container = {"name": "main", "image": PRODUCT_IMAGE, "command": list(command)} | own
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}, "annotations": {"note": "1 2"}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]} | spec,
        }

    def container(self, pod: str, name: str = "main") -> Object:
        """The status of a container, empty as long as there is none."""
        status = self.get("pods", pod)["status"]
        every = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
        return next((each for each in every if each["name"] == name), {})

    def wait_ready(self, *pods: str) -> None:
        """Wait until the pods are Ready."""
        names = [f"pod/{name}" for name in pods]
        self.kubectl("wait", "--for=condition=Ready", "--timeout=30s", *names)

    def wait_phase(self, pod: str, phase: str) -> None:
        """Wait until the pod is in that phase."""
        self.kubectl("wait", f"--for=jsonpath={{.status.phase}}={phase}", f"pod/{pod}")

    def wait_log(self, pod: str, text: str, *, timeout: float = 20) -> str:
        """Wait until the container printed `text`; returns all that it printed."""

        try:
            until(
                lambda: text in self.log(pod),
                timeout=timeout,
                what=f"{text!r} in the log of {pod}",
                retry_on=(HarnessError,),
            )
        except NotInTimeError as error:
            raise HarnessError(f"{error}; the log ends with:\n{self.log(pod)[-2000:]}") from error
        return self.log(pod)

    def log(self, pod: str) -> str:
        """What the container of a pod printed."""
        return self.cluster.logs(self.namespace, pod, "main")

    def wait_waiting(self, pod: str, reason: str, name: str = "main") -> Object:
        """Wait until the container waits for that reason; returns its status."""

        def waiting() -> Object:
            status = self.container(pod, name)
            state = status.get("state", {}).get("waiting", {})
            return status if state.get("reason") == reason else {}

        return until(waiting, timeout=20, what=f"{pod} to be {reason}")
