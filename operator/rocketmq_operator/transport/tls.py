"""TLS contexts: a server's from files, made anew when they change, and a client's from memory."""

import asyncio
import os
import ssl

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.protocol.tlssettings import ClientAuth, TlsMode, TlsSettings

_VERIFY = {
    ClientAuth.NONE: ssl.CERT_NONE,
    ClientAuth.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientAuth.REQUIRE: ssl.CERT_REQUIRED,
}
_Signature = tuple[tuple[int, int, int] | None, ...]


class ServerTls:
    """What a server needs to take TLS connections. Raises SettingsError for unusable files.

    A connection keeps the context that it was accepted with.
    """

    def __init__(self, settings: TlsSettings) -> None:
        self.mode = settings.mode
        self._settings = settings
        self._making = asyncio.Lock()
        self._signature = _signature(settings)
        self._context: ssl.SSLContext | None = None
        if self.has_files:
            self._context = _from_files(settings)

    @property
    def has_files(self) -> bool:
        """Whether there are files that can change."""
        return self.mode is not TlsMode.DISABLED and not self._settings.test_mode

    async def context(self) -> ssl.SSLContext:
        """The context for a new connection; in test mode its certificate is made at first use."""
        async with self._making:
            if self._context is None:
                self._context = await asyncio.to_thread(_throw_away)
            return self._context

    def refresh(self) -> bool:
        """Load the files again if one changed; returns whether it did.

        Raises SettingsError when they cannot be used as they are now (a certificate without its
        key, half a file); the context stays, and the next change is tried again.
        """
        signature = _signature(self._settings)
        if signature == self._signature or self._context is None:
            return False
        self._signature = signature
        if None in signature:
            return False
        self._context = _from_files(self._settings)
        return True


def client_context(authority: bytes, certificate: bytes, key: bytes) -> ssl.SSLContext:
    """The context of a client that trusts ``authority`` and shows ``certificate``, all PEM.

    With no authority every server is trusted, as Java's tools do by default; with no certificate
    none is shown. Names are not checked, as RocketMQ's own clients do not: servers are reached by
    addresses that change. Raises SettingsError for what cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server's own certificate will do
    if not authority:
        context.verify_mode = ssl.CERT_NONE
    try:
        if authority:
            context.load_verify_locations(cadata=authority.decode("ascii"))
        if certificate:
            _load_from_memory(context, certificate + b"\n" + key)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the certificate, its key or its authority cannot be used: {error}; all must be PEM, "
            "and the key without a password"
        ) from error
    return context


def _load_from_memory(context: ssl.SSLContext, pem: bytes) -> None:
    handle = os.memfd_create("certificate")  # OpenSSL reads files only; the disk may be read-only
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{handle}", password="")


def _signature(settings: TlsSettings) -> _Signature:
    """What changes when a file is replaced or written; None for one that is not there."""
    return tuple(_stat(path) for path in settings.paths)


def _stat(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _from_files(settings: TlsSettings) -> ssl.SSLContext:
    context = _bare_context()
    password = (settings.key_password or "").encode()  # none would ask the terminal
    assert settings.certificate_path is not None
    try:
        context.load_cert_chain(settings.certificate_path, settings.key_path, password)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"certificate {settings.certificate_path} with key {settings.key_path} cannot be used: "
            f"{error}; both must be PEM, belong together, and fit tls.server.keyPassword"
        ) from error
    context.verify_mode = _VERIFY[settings.client_auth]
    if settings.client_auth is not ClientAuth.NONE:
        _trust(context, settings.trust_path)
    return context


def _bare_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _trust(context: ssl.SSLContext, path: str | None) -> None:
    if path is None:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"tls.server.trustCertPath {path} cannot be used: {error}; name a PEM file of the "
            "authorities that sign clients' certificates"
        ) from error


def _throw_away() -> ssl.SSLContext:
    """A context with a certificate that was signed by itself a moment ago (Java's test mode)."""
    from rocketmq_operator.transport.testcertificate import make  # noqa: PLC0415 - costs 10 MB

    context = _bare_context()
    _load_from_memory(context, make())
    return context
