"""The volumes of one pod on disk."""

import asyncio
from pathlib import Path

from harness.node.atomicdir import AtomicDirectory
from harness.node.context import PodContext
from harness.node.fields import UnknownFieldError
from harness.node.files import (
    Files,
    TokenRequest,
    is_published,
    token_requests,
    volume_files,
)
from harness.node.objects import Object
from harness.node.sources import MissingSourceError

# A kubelet replaces a token when 80% of its life is over.
TOKEN_USED_LIFE = 0.8


class PodVolumes:
    """Makes a pod's volumes and keeps their content as the API has it."""

    def __init__(self, context: PodContext) -> None:
        self._context = context
        self._published: dict[str, AtomicDirectory] = {}
        self._tokens: dict[TokenRequest, str] = {}

    async def set_up(self) -> None:
        """Make all volumes. Raises MissingSourceError (try again later), ApiError."""
        await self._fetch_tokens()
        for volume in self._specs():
            self._context.volume_paths[volume["name"]] = self._set_up_one(volume)

    def refresh(self) -> None:
        """Publish what has changed; content whose source is gone stays."""
        for volume in self._specs():
            published = self._published.get(volume["name"])
            if published is not None:
                try:
                    published.publish(self._files(volume))
                except (MissingSourceError, UnknownFieldError):
                    continue

    async def renew_tokens(self) -> None:
        """Replace tokens before they end, for ever."""
        requests = token_requests(self._context.pod)
        while requests:
            shortest = min(request.seconds for request in requests)
            await asyncio.sleep(shortest * TOKEN_USED_LIFE)
            await self._fetch_tokens()
            self.refresh()

    def _specs(self) -> list[Object]:
        volumes: list[Object] = self._context.pod["spec"].get("volumes") or []
        return volumes

    def _files(self, volume: Object) -> Files:
        context = self._context
        return volume_files(context.pod, volume, context.node.sources, self._tokens)

    def _set_up_one(self, volume: Object) -> Path:
        if is_published(volume):
            return self._publish_first(volume)
        if "persistentVolumeClaim" in volume:
            return self._claimed(volume["persistentVolumeClaim"]["claimName"])
        if "hostPath" in volume:
            return Path(volume["hostPath"]["path"])
        if "emptyDir" in volume:
            path = self._directory(volume)
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
            return path
        kinds = ", ".join(volume.keys() - {"name"})
        raise MissingSourceError(f"volume {volume['name']!r}: {kinds} is not offered here")

    def _publish_first(self, volume: Object) -> Path:
        files = self._files(volume)
        if volume["name"] not in self._published:
            self._published[volume["name"]] = AtomicDirectory(self._directory(volume))
        published = self._published[volume["name"]]
        published.publish(files)
        return published.path

    def _claimed(self, claim_name: str) -> Path:
        namespace, _ = self._context.key
        claim = self._context.node.claims.get((namespace, claim_name))
        if claim is None:
            raise MissingSourceError(f'persistentvolumeclaim "{claim_name}" not found')
        name = claim["spec"].get("volumeName", "")
        volume = self._context.node.volumes.get(("", name))
        if claim.get("status", {}).get("phase") != "Bound" or volume is None:
            raise MissingSourceError(f'persistentvolumeclaim "{claim_name}" is not bound')
        path = Path(volume["spec"]["hostPath"]["path"])
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _directory(self, volume: Object) -> Path:
        name: str = volume["name"]
        return self._context.directory / "volumes" / name

    async def _fetch_tokens(self) -> None:
        for request in token_requests(self._context.pod):
            self._tokens[request] = await self._token(request)

    async def _token(self, request: TokenRequest) -> str:
        metadata, spec = self._context.pod["metadata"], self._context.pod["spec"]
        bound = {"kind": "Pod", "apiVersion": "v1"}
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [request.audience] if request.audience else [],
                "expirationSeconds": request.seconds,
                "boundObjectRef": bound | {"name": metadata["name"], "uid": metadata["uid"]},
            },
        }
        account = spec.get("serviceAccountName", "default")
        base = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts"
        answer = await self._context.node.api.create(f"{base}/{account}/token", body)
        token: str = answer["status"]["token"]
        return token
