"""What commands work with: the API, the namespace, and the servers of a cluster."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.plugin.access import MANAGER, connect
from rocketmq_operator.plugin.answers import Answers, Body
from rocketmq_operator.plugin.options import Options
from rocketmq_operator.plugin.reach import (
    Reach,
    RefusedError,
    UnreachableError,
    reach,
    session,
)
from rocketmq_operator.reconciler.kinds import CLUSTER, POD, Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, decode
from rocketmq_operator.reconciler.names import CLUSTER_LABEL
from rocketmq_operator.reconciler.spec import Flavor

DEFAULT_HTTP = 8080


class NothingFoundError(RocketMQError):
    """What was asked for is not there."""


class Session:
    """One run of one command."""

    def __init__(self, api: KubeApi, options: Options, namespace: str, way: Reach) -> None:
        self.api = api
        self.options = options
        self.namespace = namespace
        self._way = way

    async def listed(self, kind: Kind, namespace: str | None, labels: str = "") -> list[Object]:
        """All objects of a kind. Raises KubeError."""
        return [each async for page, _ in self.api.pages(kind, namespace, labels) for each in page]

    async def text(self, path: str, query: Mapping[str, str]) -> str:
        """What the API has at ``path``, such as a log. Raises KubeError."""
        status, data = await self.api.raw(path, query)
        if status >= 400:
            decode("GET", path, status, data)
        return data.decode(errors="replace")

    async def clusters(self, name: str | None) -> list[Object]:
        """The cluster of this name, or else all. Raises NothingFoundError, KubeError."""
        where = None if self.options.all_namespaces else self.namespace
        if name and where:
            found = await self.api.get(CLUSTER, where, name)
            clusters = [found] if found else []
        else:
            clusters = await self.listed(CLUSTER, where)
            clusters = [each for each in clusters if name in (None, each["metadata"]["name"])]
        if not clusters:
            raise NothingFoundError(_nothing(name, where))
        return clusters

    async def cluster(self, name: str | None) -> Object:
        """The cluster of this name, or the only one. Raises SettingsError where there are more."""
        found = await self.clusters(name)
        if len(found) > 1:
            names = ", ".join(_full_name(each) for each in found)
            raise SettingsError(f"there are several, name one (and its namespace by -n): {names}")
        return found[0]

    async def pods(self, nsc: Object) -> list[Object]:
        """The pods of a cluster's servers."""
        metadata = nsc["metadata"]
        label = f"{CLUSTER_LABEL}={metadata['name']}"
        found = await self.listed(POD, metadata["namespace"], label)
        return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))

    async def ask(self, nsc: Object, path: str) -> Answers:
        """What each server has at ``path`` of its HTTP side."""
        if is_java(nsc):
            raise NothingFoundError(
                f"{_full_name(nsc)} runs Java's servers, which have no HTTP side; "
                "ask them by mqadmin -n with status.addresses.namesrvAddr"
            )
        pods = await self.pods(nsc)
        if not pods:
            raise NothingFoundError(f"{_full_name(nsc)} has no pods; kubectl nsc status says why")
        port = int(nsc.get("spec", {}).get("ports", {}).get("http", DEFAULT_HTTP))
        said = await asyncio.gather(*(self._one(pod, port, path) for pod in pods))
        by_pod = dict(zip((str(pod["metadata"]["name"]) for pod in pods), said, strict=True))
        return Answers(
            {pod: body for pod, body in by_pod.items() if not isinstance(body, RocketMQError)},
            {pod: str(why) for pod, why in by_pod.items() if isinstance(why, RefusedError)},
            {pod: str(why) for pod, why in by_pod.items() if isinstance(why, UnreachableError)},
        )

    async def _one(self, pod: Object, port: int, path: str) -> Body | RocketMQError:
        try:
            return await self._way.get(pod, port, path)
        except (RefusedError, UnreachableError) as error:
            return error

    async def change(self, nsc: Object, spec: Object) -> None:
        """Merge-patch the spec, unless somebody else has just written. Raises KubeError."""
        metadata = nsc["metadata"]
        patch = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": spec}
        await self.api.merge(CLUSTER, metadata["namespace"], metadata["name"], patch, MANAGER)


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Session]:
    """A session, until the end of the command. Raises SettingsError where no API can be found."""
    async with AsyncExitStack() as stack:
        api, namespace = await connect(options.kubeconfig, options.context, options.request_timeout)
        stack.push_async_callback(api.close)
        http = await stack.enter_async_context(session())
        way = reach(options.reach, api, http, options.for_kubectl(), stack)
        yield Session(api, options, options.namespace or namespace, way)


def is_java(nsc: Object) -> bool:
    """Whether its servers are Java's."""
    return bool(nsc.get("spec", {}).get("flavor") == Flavor.JAVA)


def require_bodies(answers: Answers) -> Answers:
    """The answers. Raises UnreachableError, with all reasons, where no server gave one."""
    if not answers.bodies:
        reasons = "\n".join(f"  {pod}: {why}" for pod, why in sorted(answers.silent.items()))
        raise UnreachableError(f"no server answers\n{reasons}")
    return answers


def now() -> datetime:
    """The time, for pages that tell ages."""
    return datetime.now(UTC)


def _full_name(nsc: Object) -> str:
    return f"{nsc['metadata']['namespace']}/{nsc['metadata']['name']}"


def _nothing(name: str | None, namespace: str | None) -> str:
    where = f"namespace {namespace}" if namespace else "any namespace"
    return f"there is no NameServerCluster{f' {name}' if name else ''} in {where}"
