"""Java's TLS properties, and what they mean to a server. Names: Java's ``TlsSystemConfig``."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from rocketmq_operator.errors import SettingsError

CONFIG_FILE = "tls.config.file"
DEFAULT_CONFIG_FILE = "/etc/rocketmq/tls.properties"
_MODE = "tls.server.mode"
_CLIENT_ONLY = frozenset(
    {
        "tls.enable",
        "tls.client.keyPath",
        "tls.client.keyPassword",
        "tls.client.certPath",
        "tls.client.authServer",
        "tls.client.trustCertPath",
    }
)
_NOT_IN_FILE = frozenset({_MODE, CONFIG_FILE, "tls.enable"})
NAMES = _CLIENT_ONLY | {
    CONFIG_FILE,
    _MODE,
    "tls.test.mode.enable",
    "tls.server.need.client.auth",
    "tls.server.keyPath",
    "tls.server.keyPassword",
    "tls.server.certPath",
    "tls.server.authClient",
    "tls.server.trustCertPath",
}


class TlsMode(Enum):
    """Which connections a server takes."""

    DISABLED = "disabled"
    PERMISSIVE = "permissive"
    ENFORCING = "enforcing"


class ClientAuth(Enum):
    """Whether a client has to show a certificate."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What a server does about TLS.

    ``test_mode``: a certificate made at start, which nobody can verify; the paths are not used.
    Paths name PEM files; ``trust_path`` None with ``client_auth`` means the system's authorities.
    """

    mode: TlsMode = TlsMode.PERMISSIVE
    test_mode: bool = True
    certificate_path: str | None = None
    key_path: str | None = None
    key_password: str | None = None
    client_auth: ClientAuth = ClientAuth.NONE
    trust_path: str | None = None

    @property
    def paths(self) -> list[str]:
        """The files that decide about the certificate and who is trusted."""
        given = (self.certificate_path, self.key_path, self.trust_path)
        return [] if self.test_mode else [path for path in given if path]


def read(given: Mapping[str, str], file: Mapping[str, str]) -> TlsSettings:
    """The settings of the command line, overridden by those of the TLS file, as in Java.

    Raises SettingsError for what could not be served or would protect nobody.
    """
    entries = {**given, **{name: text for name, text in file.items() if name not in _NOT_IN_FILE}}
    settings = TlsSettings(
        mode=_mode(given.get(_MODE)),
        test_mode=_is_true(entries.get("tls.test.mode.enable", "true")),
        certificate_path=entries.get("tls.server.certPath") or None,
        key_path=entries.get("tls.server.keyPath") or None,
        key_password=entries.get("tls.server.keyPassword") or None,
        client_auth=_client_auth(entries),
        trust_path=entries.get("tls.server.trustCertPath") or None,
    )
    if settings.mode is not TlsMode.DISABLED and not settings.test_mode:
        _require_files(settings)
    return settings


def _mode(text: str | None) -> TlsMode:
    """Java takes an unknown word for permissive; a typing error must not open the door."""
    if text is None:
        return TlsMode.PERMISSIVE
    try:
        return TlsMode(text.lower())
    except ValueError:
        words = ", ".join(mode.value for mode in TlsMode)
        raise SettingsError(f"{_MODE} is {text!r}; set one of {words}") from None


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _client_auth(entries: Mapping[str, str]) -> ClientAuth:
    """Java can ask for a certificate and believe any (authClient=false); that protects nobody."""
    text = entries.get("tls.server.need.client.auth", "none")
    try:
        wanted = ClientAuth(text.strip().lower() or "none")
    except ValueError:
        words = ", ".join(auth.value for auth in ClientAuth)
        raise SettingsError(
            f"tls.server.need.client.auth is {text!r}; set one of {words}"
        ) from None
    checked = _is_true(entries.get("tls.server.authClient", "false"))
    if wanted is ClientAuth.REQUIRE and not checked:
        raise SettingsError(
            "tls.server.need.client.auth=require with tls.server.authClient=false would believe "
            "any certificate; set tls.server.authClient=true and tls.server.trustCertPath"
        )
    return wanted if checked else ClientAuth.NONE


def _require_files(settings: TlsSettings) -> None:
    names = {
        "tls.server.certPath": settings.certificate_path,
        "tls.server.keyPath": settings.key_path,
    }
    missing = [name for name, path in names.items() if path is None]
    if missing:
        raise SettingsError(
            f"TLS is {settings.mode.value} and tls.test.mode.enable is false, but "
            f"{' and '.join(missing)} is not set; name the PEM file, or set {_MODE}=disabled"
        )


def remarks(entries: Mapping[str, str], settings: TlsSettings) -> list[str]:
    """Warnings for a person about what has no effect."""
    found = []
    for name in sorted(entries.keys() - NAMES):
        close = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.7)
        found.append(
            f"unknown TLS property {name}" + (f"; did you mean {close[0]}?" if close else "")
        )
    found += [
        f"{name} concerns clients and has no meaning in this server"
        for name in sorted(entries.keys() & _CLIENT_ONLY)
    ]
    if settings.test_mode and settings.certificate_path and settings.mode is not TlsMode.DISABLED:
        found.append(
            "tls.server.certPath is not used while tls.test.mode.enable is true, its default; "
            "set it to false"
        )
    return found
