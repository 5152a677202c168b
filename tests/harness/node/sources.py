"""ConfigMaps and Secrets as sources of environment variables and files."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from harness.node.objects import Key, Object


class MissingSourceError(Exception):
    """A ConfigMap, Secret, key or claim that a pod needs does not exist (yet)."""


@dataclass(frozen=True)
class Sources:
    """The ConfigMaps and Secrets of the cluster as they are now."""

    configmaps: Mapping[Key, Object]
    secrets: Mapping[Key, Object]

    def configmap(self, namespace: str, reference: Object) -> dict[str, bytes] | None:
        """All keys, or None if it is missing and optional. Raises MissingSourceError."""
        found = self._find("configmap", self.configmaps, namespace, reference)
        if found is None:
            return None
        text = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return text | _decoded(found.get("binaryData"))

    def secret(self, namespace: str, reference: Object) -> dict[str, bytes] | None:
        """All keys, or None if it is missing and optional. Raises MissingSourceError."""
        found = self._find("secret", self.secrets, namespace, reference)
        return None if found is None else _decoded(found.get("data"))

    @staticmethod
    def _find(
        kind: str, known: Mapping[Key, Object], namespace: str, reference: Object
    ) -> Object | None:
        # Volumes of kind secret alone call the name secretName.
        name = reference.get("name") or reference.get("secretName") or ""
        found = known.get((namespace, name))
        if found is None and not reference.get("optional"):
            raise MissingSourceError(f'{kind} "{name}" not found')
        return found


def value_of(data: dict[str, bytes] | None, reference: Object, kind: str) -> str | None:
    """One key's text, or None if it is missing and optional. Raises MissingSourceError."""
    key = reference["key"]
    if data is not None and key in data:
        return data[key].decode()
    if not reference.get("optional"):
        raise MissingSourceError(f"couldn't find key {key} in {kind} {reference.get('name')}")
    return None


def _decoded(data: dict[str, str] | None) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (data or {}).items()}
