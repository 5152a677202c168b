"""Calls to the Kubernetes API with plain dicts, a deadline on each, and errors of our own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, Self

import aiohttp
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from rocketmq_operator import __version__
from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.reconciler import metrics
from rocketmq_operator.reconciler.adoption import Patch
from rocketmq_operator.reconciler.kinds import Kind, Object
from rocketmq_operator.reconciler.names import MANAGER

REQUEST_TIMEOUT: Final = 15.0
"""Seconds one request may take, connection included."""
LIST_CHUNK: Final = 500
"""Objects per page of a list."""


class KubeError(RocketMQError):
    """The API refused a request or could not be reached; ``status`` is 0 for the latter."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class KubeApi:
    """One connection pool to one API server.

    Every method raises :class:`KubeError`. Writes never retry: whoever decided on a write decides
    again from what the API says next. ``may_write`` is asked at the last moment before each: a
    process that slept past its Lease wakes up in the middle of its work.
    """

    def __init__(
        self,
        client: ApiClient,
        request_timeout: float = REQUEST_TIMEOUT,
        may_write: Callable[[], bool] | None = None,
    ) -> None:
        self._client = client
        self._timeout = request_timeout
        self._may_write = may_write

    @classmethod
    async def connect(
        cls,
        request_timeout: float = REQUEST_TIMEOUT,
        kubeconfig: str | None = None,
        identity: str = "",
        may_write: Callable[[], bool] | None = None,
    ) -> Self:
        """Use the pod's service account, or else ``kubeconfig`` (default: ``KUBECONFIG``).

        ``identity`` tells replicas apart in the API server's audit log.

        Raises SettingsError where there is neither.
        """
        configuration = Configuration()
        try:
            kubernetes_config.load_incluster_config(client_configuration=configuration)
        except kubernetes_config.ConfigException:
            await _load_kubeconfig(configuration, kubeconfig)
        client = ApiClient(configuration)
        client.user_agent = f"{MANAGER}/{__version__} ({identity})" if identity else MANAGER
        return cls(client, request_timeout, may_write)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None where there is none; ``namespace`` is None for those without."""
        try:
            return await self._call("GET", kind.path(namespace, name))
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    async def pages(
        self, kind: Kind, namespace: str | None = None, labels: str = ""
    ) -> AsyncIterator[tuple[list[Object], str]]:
        """Pages of a list: the objects, and the resourceVersion of the whole list."""
        token = ""
        while True:
            query = {"limit": str(LIST_CHUNK), "labelSelector": labels, "continue": token}
            answer = await self._call("GET", kind.path(namespace), query=query)
            for item in answer["items"]:
                item.update(apiVersion=kind.api_version, kind=kind.name)
            yield answer["items"], answer["metadata"]["resourceVersion"]
            token = answer["metadata"].get("continue", "")
            if not token:
                return

    async def apply(self, kind: Kind, obj: Object) -> Object:
        """Server-side apply as the operator's field manager; takes fields over from others.

        https://kubernetes.io/docs/reference/using-api/server-side-apply/
        """
        metadata = obj["metadata"]
        return await self._call(
            "PATCH",
            kind.path(metadata["namespace"], metadata["name"]),
            query={"fieldManager": MANAGER, "force": "true"},
            body=obj,
            content_type="application/apply-patch+yaml",
        )

    async def apply_dry(self, kind: Kind, obj: Object, manager: str) -> Object:
        """What server-side apply as another field manager would make of it."""
        metadata = obj["metadata"]
        return await self._call(
            "PATCH",
            kind.path(metadata["namespace"], metadata["name"]),
            query={"fieldManager": manager, "force": "true", **_dry(True)},
            body=obj,
            content_type="application/apply-patch+yaml",
        )

    async def patch(self, kind: Kind, namespace: str, name: str, operations: Patch) -> Object:
        """JSON-patch an object as the operator's field manager; 422 where a test in it fails."""
        return await self._call(
            "PATCH",
            kind.path(namespace, name),
            query={"fieldManager": MANAGER},
            body=operations,
            content_type="application/json-patch+json",
        )

    async def patch_status(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object:
        """Merge-patch the status subresource; 409 where ``patch`` names an old resourceVersion."""
        return await self._call(
            "PATCH",
            kind.path(namespace, name, "status"),
            query={"fieldManager": MANAGER},
            body=patch,
            content_type="application/merge-patch+json",
        )

    async def create(self, kind: Kind, obj: Object, *, dry_run: bool = False) -> Object:
        """Create an object; 409 where it exists."""
        path = kind.path(obj["metadata"]["namespace"])
        return await self._call("POST", path, query=_dry(dry_run), body=obj)

    async def replace(self, kind: Kind, obj: Object, *, dry_run: bool = False) -> Object:
        """Replace an object; 409 where its resourceVersion is old."""
        metadata = obj["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"])
        return await self._call("PUT", path, query=_dry(dry_run), body=obj)

    async def merge(
        self, kind: Kind, namespace: str, name: str, patch: Object, manager: str = ""
    ) -> Object:
        """Merge-patch an object; 409 where ``patch`` names an old resourceVersion."""
        return await self._call(
            "PATCH",
            kind.path(namespace, name),
            query={"fieldManager": manager},
            body=patch,
            content_type="application/merge-patch+json",
        )

    async def delete(self, kind: Kind, obj: Object) -> None:
        """Delete exactly this object: another one of the same name is left alone (409).

        An object that is gone already counts as deleted.
        """
        metadata = obj["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"])
        preconditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        try:
            await self._call("DELETE", path, body={"preconditions": preconditions})
        except KubeError as error:
            if error.status != 404:
                raise

    async def raw(self, path: str, query: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """What the API has at ``path``, whatever it is and whatever its HTTP status."""
        return await self._answer("GET", path, query, None, {"Accept": "application/json, */*"})

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | Patch | None = None,
        content_type: str = "application/json",
    ) -> Object:
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        return decode(method, path, *await self._answer(method, path, query, body, headers))

    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Object | Patch | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        if method != "GET" and self._may_write is not None and not self._may_write():
            raise KubeError(
                0, "NotLeading", f"{method} {path}: this replica does not lead any more"
            )
        pairs = [(key, value) for key, value in (query or {}).items() if value]
        try:
            async with asyncio.timeout(self._timeout):
                status, data = await self._send(method, path, pairs, headers, body)
        except TimeoutError:
            metrics.API_CALLS.labels(method, "timeout").inc()
            raise KubeError(
                0, "Timeout", f"{method} {path}: no answer in {self._timeout:g} s"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            metrics.API_CALLS.labels(method, "unreachable").inc()
            raise KubeError(0, "Unreachable", f"{method} {path}: {error}") from error
        metrics.API_CALLS.labels(method, str(status)).inc()
        return status, data

    async def _send(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        headers: dict[str, str],
        body: Object | Patch | None,
    ) -> tuple[int, bytes]:
        call = await self._client.param_serialize(
            method, path, None, query, headers, body=body, auth_settings=["BearerToken"]
        )
        response = await self._client.call_api(*call, _request_timeout=self._timeout)
        return response.status, await response.read()


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All", "fieldValidation": "Strict"} if dry_run else {}


async def _load_kubeconfig(configuration: Configuration, kubeconfig: str | None) -> None:
    try:
        await kubernetes_config.load_kube_config(
            config_file=kubeconfig, client_configuration=configuration
        )
    except kubernetes_config.ConfigException as error:
        raise SettingsError(
            f"no way to the Kubernetes API: {error}; run in a pod with a service account, "
            "or set KUBECONFIG to a kubeconfig file"
        ) from error


def decode(method: str, path: str, status: int, data: bytes) -> Object:
    """The body of an answer. Raises KubeError for a status of 400 or more, and for no JSON."""
    answer: Any = None
    try:
        answer = json.loads(data)
    except ValueError:
        if status < 400:
            raise KubeError(status, "BadAnswer", f"{method} {path}: not JSON") from None
    if status < 400:
        return dict(answer)
    told = answer if isinstance(answer, dict) else {}
    text = told.get("message") or data[:200].decode(errors="replace")
    raise KubeError(status, told.get("reason", ""), f"{method} {path}: {status} {text}")
