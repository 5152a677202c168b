"""The Kubernetes API as far as a reconcile asks for it, in memory; it refuses what a test says."""

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from rocketmq_operator.reconciler.adoption import Patch
from rocketmq_operator.reconciler.kinds import Kind, Object
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError

CREATED: Final = "2026-01-01T00:00:00Z"
PATH: Final = re.compile(
    r"(?P<collection>/apis?/.+?(?:/namespaces/[^/]+)?/(?P<plural>[a-z]+))"
    r"(?:/(?P<name>[^/]+))?(?:/status)?"
)
Answer = tuple[int, Object]


class MemoryApi(KubeApi):
    """Keeps objects by path; ``calls`` are all requests so far, as verb and plural."""

    def __init__(self) -> None:
        super().__init__(client=None)
        self.objects: dict[str, Object] = {}
        self.calls: list[tuple[str, str]] = []
        self._refused: dict[tuple[str, str], int] = {}
        self._guarded: set[str] = set()
        self._versions = itertools.count(100)

    def refuse(self, verb: str, kind: Kind, status: int) -> None:
        """Answer such requests with ``status`` from now on."""
        self._refused[verb, kind.plural] = status

    def guard(self, name: str) -> None:
        """Let nobody change objects of this name from now on; statuses may be written."""
        self._guarded.add(name)

    def relent(self) -> None:
        """Refuse nothing any more."""
        self._refused.clear()
        self._guarded.clear()

    async def merge(
        self, kind: Kind, namespace: str, name: str, patch: Object, manager: str = ""
    ) -> Object:
        if name in self._guarded:
            raise KubeError(403, "Forbidden", "a policy wants labels")
        return await super().merge(kind, namespace, name, patch, manager)

    def put(self, kind: Kind, obj: Object) -> Object:
        """Have this object, as if somebody else had written it; as it is then."""
        metadata = obj["metadata"]
        return self._keep(kind.path(metadata.get("namespace"), metadata["name"]), obj)

    def all_of(self, kind: Kind) -> list[Object]:
        """The objects of a kind, in all namespaces."""
        return [obj for obj in self.objects.values() if obj["kind"] == kind.name]

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        versions = (int(obj["metadata"]["resourceVersion"]) for obj in self.objects.values())
        return max(versions, default=0)

    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Object | Patch | None,
        headers: dict[str, str],
    ) -> tuple[int, bytes]:
        parts = PATH.fullmatch(path)
        assert parts is not None, path
        self.calls.append((method, parts["plural"]))
        refusal = self._refused.get((method, parts["plural"]))
        if refusal:
            status, answer = refusal, {"message": f"{parts['plural']} are refused"}
        elif parts["name"] is None:
            status, answer = self._in_collection(method, path, body)
        else:
            place = f"{parts['collection']}/{parts['name']}"
            applying = "apply-patch" in headers.get("Content-Type", "")
            status, answer = self._on_object("APPLY" if applying else method, place, body)
        return status, json.dumps(answer).encode()

    def _in_collection(self, verb: str, path: str, body: Any) -> Answer:
        if verb == "POST":
            return 201, self._keep(f"{path}/{body['metadata']['name']}", body)
        items = [obj for place, obj in self.objects.items() if place.startswith(f"{path}/")]
        return 200, {"items": items, "metadata": {"resourceVersion": str(next(self._versions))}}

    def _on_object(self, verb: str, place: str, body: Any) -> Answer:
        live = self.objects.get(place)
        if verb == "APPLY":
            return 200, self._keep(place, _applied(live, body))
        if live is None:
            return 404, {"message": "there is none"}
        if verb == "DELETE":
            del self.objects[place]
        return self._merge(place, live, body) if verb == "PATCH" else (200, live)

    def _merge(self, place: str, live: Object, patch: Object) -> Answer:
        version = patch.get("metadata", {}).get("resourceVersion")
        if version not in {None, live["metadata"]["resourceVersion"]}:
            return 409, {"message": "it was changed meanwhile"}
        merged = self._keep(place, _merged(live, patch))
        if "deletionTimestamp" in merged["metadata"] and not merged["metadata"].get("finalizers"):
            del self.objects[place]
        return 200, merged

    def _keep(self, place: str, obj: Object) -> Object:
        version = next(self._versions)
        given = {"uid": f"uid-{version}", "creationTimestamp": CREATED, "generation": 1}
        metadata = {**given, **obj["metadata"], "resourceVersion": str(version)}
        self.objects[place] = {**obj, "metadata": metadata}
        return self.objects[place]


def _applied(live: Object | None, desired: Object) -> Object:
    before = live or {"metadata": {}}
    return {**before, **desired, "metadata": {**before["metadata"], **desired["metadata"]}}


def _merged(live: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    found = dict(live) if isinstance(live, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = _merged(found.get(name), value)
    return found
