"""What a report holds, read from the API and from servers; failures are noted, and go with it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from rocketmq_operator import __version__
from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.plugin import page
from rocketmq_operator.plugin.answers import BROKERS, CONFIG, KV, SERVER
from rocketmq_operator.plugin.layout import plain
from rocketmq_operator.plugin.redact import Content, Redaction, rendered
from rocketmq_operator.plugin.session import Session, is_java
from rocketmq_operator.reconciler import kvconfig
from rocketmq_operator.reconciler.kinds import (
    CHILDREN,
    EVENT,
    KV_CONFIG,
    POD,
    VOLUME_CLAIM,
    Key,
    Kind,
    Object,
)
from rocketmq_operator.reconciler.kube.api import KubeError
from rocketmq_operator.reconciler.names import CLUSTER_LABEL, CONTAINER

OPERATOR_PODS: Final = "app.kubernetes.io/component=operator"
OPERATOR_CONTAINER: Final = "operator"
LOG_LINES: Final = "5000"
VIEWS: Final = {"server": SERVER, "brokers": BROKERS, "config": CONFIG, "kv": KV}


class Gathering:
    """The files of one report."""

    def __init__(self, session: Session, redaction: Redaction, moment: datetime) -> None:
        self._session = session
        self._redaction = redaction
        self._moment = moment
        self._files: list[tuple[str, Content]] = []
        self._errors: list[str] = []

    def files(self) -> list[tuple[str, str]]:
        """By name, cleaned of all that was taken out of any object."""
        versions = f"kubectl-nsc {__version__}\nat {self._moment:%Y-%m-%dT%H:%M:%SZ}\n"
        errors = "".join(f"{each}\n" for each in self._errors)
        more = [("version.txt", versions), ("errors.txt", errors)]
        found = [*self._files, *more]
        return [(name, rendered(self._redaction, content)) for name, content in found]

    async def cluster(self, nsc: Object) -> None:
        """A cluster, its children, their events and logs, what its servers say."""
        metadata = nsc["metadata"]
        namespace, folder = metadata["namespace"], f"{metadata['namespace']}/{metadata['name']}"
        self._objects(f"{folder}/nameservercluster.yaml", [nsc])
        text = plain(page.page(page.summary(nsc, {}, self._moment), self._moment))
        self._files.append((f"{folder}/status.txt", text))
        label = f"{CLUSTER_LABEL}={metadata['name']}"
        names = {metadata["name"]}
        for kind in (*CHILDREN, POD, VOLUME_CLAIM):
            found = await self._listed(kind, namespace, label)
            names |= {str(each["metadata"]["name"]) for each in found}
            self._objects(f"{folder}/{kind.plural}.yaml", found)
        await self._kv_configs(Key(namespace, metadata["name"]), folder)
        events = await self._listed(EVENT, namespace, "")
        about = [each for each in events if each["involvedObject"].get("name") in names]
        self._files.append((f"{folder}/events.txt", event_lines(about)))
        await self._servers(nsc, folder)

    async def operator(self, namespace: str) -> None:
        """The operator's pods and their logs."""
        pods = await self._listed(POD, namespace, OPERATOR_PODS)
        self._objects("operator/pods.yaml", pods, OPERATOR_CONTAINER)
        for pod in pods:
            await self._logs(pod, "operator")

    async def _servers(self, nsc: Object, folder: str) -> None:
        try:
            pods = await self._session.pods(nsc)
            for pod in pods:
                await self._logs(pod, f"{folder}/servers")
            for name, path in VIEWS.items() if pods and not is_java(nsc) else ():
                await self._view(nsc, folder, name, path)
        except RocketMQError as error:
            self._errors.append(f"{folder}: servers: {error}")

    async def _view(self, nsc: Object, folder: str, name: str, path: str) -> None:
        answers = await self._session.ask(nsc, path)
        for pod, body in answers.bodies.items():
            shown = {**body}
            if "namespaces" in body:
                shown["namespaces"] = self._redaction.kv(body["namespaces"])
            self._files.append((f"{folder}/servers/{pod}-{name}.json", shown))
        self._errors += [f"{folder}: {pod}: {path}: {why}" for pod, why in answers.silent.items()]

    async def _kv_configs(self, cluster: Key, folder: str) -> None:
        found = [
            each
            for each in await self._listed(KV_CONFIG, None, "")
            if kvconfig.cluster_of(each) == cluster
        ]
        self._objects(f"{folder}/nameserverkvconfigs.yaml", found)

    async def _listed(self, kind: Kind, namespace: str | None, labels: str) -> list[Object]:
        try:
            return await self._session.listed(kind, namespace, labels)
        except KubeError as error:
            if error.status != 404:  # an API that is not installed has no objects
                self._errors.append(f"{kind.plural}: {error}")
            return []

    async def _logs(self, pod: Object, folder: str) -> None:
        """Of each container, and of its run before, if it ended."""
        statuses = pod.get("status", {}).get("containerStatuses", ())
        restarts = {each["name"]: each["restartCount"] for each in statuses}
        for container in pod["spec"]["containers"]:
            name = container["name"]
            file = f"{folder}/{pod['metadata']['name']}-{name}"
            query = {"container": name, "tailLines": LOG_LINES}
            await self._log(pod, f"{file}.log", query)
            if restarts.get(name):
                before = {**query, "previous": "true"}
                await self._log(pod, f"{file}-previous.log", before)

    async def _log(self, pod: Object, file: str, query: Mapping[str, str]) -> None:
        metadata = pod["metadata"]
        path = POD.path(metadata["namespace"], metadata["name"], "log")
        try:
            text = await self._session.text(path, query)
        except KubeError as error:
            self._errors.append(f"{file}: {error}")
        else:
            self._files.append((file, text))

    def _objects(self, file: str, objects: Iterable[Object], own: str = CONTAINER) -> None:
        cleaned = [self._redaction.object(each, own) for each in objects]
        if cleaned:
            self._files.append((file, cleaned))


def event_lines(events: Iterable[Object]) -> str:
    """A line for each Event, the oldest first."""
    rows = sorted(
        (
            each.get("lastTimestamp") or each.get("eventTime") or "",
            each.get("type", ""),
            each.get("reason", ""),
            f"{each['involvedObject'].get('kind')}/{each['involvedObject'].get('name')}",
            f"x{each.get('count') or 1}",
            each.get("message", ""),
        )
        for each in events
    )
    return "".join(f"{'  '.join(row)}\n" for row in rows)
