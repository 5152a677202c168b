"""Which files a volume holds, for the volume kinds whose content the API decides."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.node.fields import field_value, resource_value
from harness.node.objects import Object
from harness.node.sources import MissingSourceError, Sources

DEFAULT_MODE = 0o644
TOKEN_MODE = 0o600
DEFAULT_TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class File:
    """Content and permission bits."""

    content: bytes
    mode: int = DEFAULT_MODE


@dataclass(frozen=True)
class TokenRequest:
    """A service account token that a projected volume asks for; `seconds` is its lifetime."""

    audience: str
    seconds: int


Files = dict[str, File]
Tokens = Mapping[TokenRequest, str]


def is_published(volume: Object) -> bool:
    """Whether the content of this volume comes from the API, and follows it."""
    return bool(volume.keys() & {"configMap", "secret", "downwardAPI", "projected"})


def token_requests(pod: Object) -> set[TokenRequest]:
    """The tokens that the pod's volumes need."""
    return {
        _token_request(source["serviceAccountToken"])
        for volume in pod["spec"].get("volumes", ())
        for source in volume.get("projected", {}).get("sources", ())
        if "serviceAccountToken" in source
    }


def volume_files(pod: Object, volume: Object, sources: Sources, tokens: Tokens) -> Files:
    """Files by their path in the volume. Raises MissingSourceError, UnknownFieldError."""
    if "projected" in volume:
        projected = volume["projected"]
        mode = projected.get("defaultMode", DEFAULT_MODE)
        merged: Files = {}
        for source in projected.get("sources", ()):
            merged |= _source_files(pod, source, sources, tokens, mode)
        return merged
    kind = next(name for name in ("configMap", "secret", "downwardAPI") if name in volume)
    mode = volume[kind].get("defaultMode", DEFAULT_MODE)
    return _source_files(pod, {kind: volume[kind]}, sources, tokens, mode)


def _source_files(
    pod: Object, source: Object, sources: Sources, tokens: Tokens, mode: int
) -> Files:
    namespace = pod["metadata"]["namespace"]
    if reference := source.get("configMap"):
        return _chosen(sources.configmap(namespace, reference), reference, mode)
    if reference := source.get("secret"):
        return _chosen(sources.secret(namespace, reference), reference, mode)
    if reference := source.get("serviceAccountToken"):
        token = tokens[_token_request(reference)]
        return {reference["path"]: File(token.encode(), TOKEN_MODE)}
    return _downward(pod, source.get("downwardAPI", {}), mode)


def _chosen(data: dict[str, bytes] | None, reference: Object, mode: int) -> Files:
    if data is None:
        return {}
    items = reference.get("items")
    if items is None:
        return {key: File(value, mode) for key, value in data.items()}
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not reference.get("optional"):
        raise MissingSourceError(f"references non-existent config key: {missing[0]}")
    return {
        item["path"]: File(data[item["key"]], item.get("mode", mode))
        for item in items
        if item["key"] in data
    }


def _downward(pod: Object, source: Object, mode: int) -> Files:
    return {
        item["path"]: File(_downward_value(pod, item).encode(), item.get("mode", mode))
        for item in source.get("items", ())
    }


def _downward_value(pod: Object, item: Object) -> str:
    if reference := item.get("fieldRef"):
        return field_value(pod, reference["fieldPath"])
    return resource_value(pod, item["resourceFieldRef"])


def _token_request(reference: Object) -> TokenRequest:
    seconds = reference.get("expirationSeconds", DEFAULT_TOKEN_SECONDS)
    return TokenRequest(reference.get("audience", ""), seconds)
