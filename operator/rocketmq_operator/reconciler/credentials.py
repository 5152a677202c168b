"""What the operator needs to talk to servers that take TLS only, out of their Secret."""

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
        return Trouble("TLSSecretInvalid", f"Secret {name}: {error}")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
