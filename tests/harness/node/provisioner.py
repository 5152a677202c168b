"""Persistent volumes as directories: a provisioner for the class `standard`."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from harness.node.api import TRANSIENT, Api
from harness.node.objects import Key, Object, is_terminating, key_of, uid_of
from harness.rundir import remove

NAME = "rocketmq-operator.test/directory"
CLASS_NAME = "standard"
RETRY_SECONDS = 1.0
STORAGE_CLASS: Object = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": CLASS_NAME,
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": NAME,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
}

log = logging.getLogger(__name__)


class Provisioner:
    """Makes a volume for every claim of the class, and removes it when it is released."""

    def __init__(
        self,
        api: Api,
        directory: Path,
        claims: Mapping[Key, Object],
        volumes: Mapping[Key, Object],
    ) -> None:
        self.changed = asyncio.Event()
        self._api = api
        self._directory = directory
        self._claims = claims
        self._volumes = volumes

    async def run(self) -> None:
        """Look again after every change."""
        await self._api.ensure("/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
        while True:
            await self.changed.wait()
            self.changed.clear()
            try:
                await self._provide()
                await self._reclaim()
            except TRANSIENT as error:
                log.warning("volumes: %r", error)
                await asyncio.sleep(RETRY_SECONDS)
                self.changed.set()

    async def _provide(self) -> None:
        for claim in list(self._claims.values()):
            ours = claim["spec"].get("storageClassName") == CLASS_NAME
            unbound = not claim["spec"].get("volumeName") and not is_terminating(claim)
            if ours and unbound and ("", volume_name(claim)) not in self._volumes:
                volume = new_volume(claim, self._directory)
                await self._api.ensure("/api/v1/persistentvolumes", volume)

    async def _reclaim(self) -> None:
        for volume in list(self._volumes.values()):
            ours = volume["spec"].get("storageClassName") == CLASS_NAME
            deleted = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
            if ours and deleted and volume.get("status", {}).get("phase") == "Released":
                path = Path(volume["spec"]["hostPath"]["path"])
                if path.parent == self._directory:
                    remove(path)
                await self._api.delete(f"/api/v1/persistentvolumes/{key_of(volume)[1]}")


def volume_name(claim: Object) -> str:
    """The one name of a claim's volume."""
    return f"pvc-{uid_of(claim)}"


def new_volume(claim: Object, directory: Path) -> Object:
    """A volume that only this claim can bind."""
    namespace, name = key_of(claim)
    spec = claim["spec"]
    reference = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": uid_of(claim)}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": volume_name(claim),
            "annotations": {"pv.kubernetes.io/provisioned-by": NAME},
        },
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": CLASS_NAME,
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "hostPath": {"path": str(directory / volume_name(claim))},
            "claimRef": reference | {"namespace": namespace, "name": name},
        },
    }
