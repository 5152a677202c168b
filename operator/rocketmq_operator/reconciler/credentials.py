"""What the Secrets of a cluster hold for TLS: for servers, for the operator, and of clients."""

import base64
import binascii
from dataclasses import dataclass, field

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.pods import Trouble


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM texts: whom to trust, and what to show where a certificate is asked for."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def read(name: str, secret: Object | None) -> Credentials | Trouble:
    """The credentials in a Secret of type ``kubernetes.io/tls``, or what is wrong with it."""
    if secret is None:
        text = f"Secret {name} with the servers' certificate does not exist; servers wait for it"
        return Trouble("TLSSecretMissing", text)
    data = secret.get("data") or {}
    lacking = [key for key in ("tls.crt", "tls.key") if not data.get(key)]
    if lacking:
        return Trouble("TLSSecretInvalid", f"Secret {name} has no {' and no '.join(lacking)}")
    authority = data.get("ca.crt") or data["tls.crt"]
    try:
        return Credentials(*map(_decoded, (authority, data["tls.crt"], data["tls.key"])))
    except binascii.Error as error:
        return invalid(name, error)


def read_client_authorities(name: str, secret: Object | None) -> Credentials | Trouble:
    """The authorities that sign clients and nothing to show, or what is wrong with their Secret."""
    if secret is None:
        text = (
            f"Secret {name} of spec.tls.clientCASecretName does not exist; servers that start "
            "wait for it"
        )
        return Trouble("TLSSecretMissing", text)
    authority = (secret.get("data") or {}).get("ca.crt")
    if not authority:
        return Trouble("TLSSecretInvalid", f"Secret {name} has no ca.crt")
    try:
        return Credentials(_decoded(authority), b"", b"")
    except binascii.Error as error:
        return invalid(name, error)


def invalid(name: str, error: Exception) -> Trouble:
    """What is in a Secret cannot be used."""
    return Trouble("TLSSecretInvalid", f"Secret {name}: {error}")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
