"""TLS on the remoting port: the modes, client certificates, and certificates that change."""

import datetime
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from harness import java
from harness.errors import HarnessError
from harness.frames import ask, take
from harness.java.jvm import new_address
from harness.nameserver import PROGRAM
from harness.pair import TALLY, Pair, start_servers
from harness.processes import start
from harness.serverprocess import listens
from harness.wait import until

FRAME = ask(101, namespace="secret", key="none")
REFUSED = "refused"


class Authority(NamedTuple):
    """Who signs certificates, and where they are kept as files for the servers."""

    ca: trustme.CA
    directory: Path

    def issue(self) -> None:
        """A new certificate with a new key for the servers, in place of the one they have."""
        issued = self.ca.issue_cert("127.0.0.1", common_name="127.0.0.1")
        self.key.write_bytes(_pkcs8(issued.private_key_pem.bytes()))
        self.certificate.write_bytes(issued.cert_chain_pems[0].bytes())

    @property
    def key(self) -> Path:
        return self.directory / "tls.key"

    @property
    def certificate(self) -> Path:
        return self.directory / "tls.crt"

    def flags(self, mode: str, **more: str) -> list[str]:
        """The properties of a server that has the certificate."""
        trust = self.directory / "ca.crt"
        self.ca.cert_pem.write_to_path(trust)
        named = {
            "tls.server.mode": mode,
            "tls.test.mode.enable": "false",
            "tls.server.certPath": str(self.certificate),
            "tls.server.keyPath": str(self.key),
            "tls.server.trustCertPath": str(trust),
            **more,
        }
        return [f"-D{name}={value}" for name, value in named.items()]

    def client(self, signer: trustme.CA | None = None) -> ssl.SSLContext:
        """A client that trusts the servers, with a certificate if somebody signs it."""
        context = ssl.create_default_context()
        context.check_hostname = False
        self.ca.configure_trust(context)
        if signer is not None:
            signer.issue_cert("client").configure_cert(context)
        return context


def _pkcs8(pem: bytes) -> bytes:
    """Java reads private keys in this form only."""
    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(trustme.CA(), tmp_path_factory.mktemp("certificates"))
    made.issue()
    return made


def _secure(address: str, context: ssl.SSLContext) -> str:
    """What a request over TLS leads to: the code of the answer, or that it was refused."""
    host, _, port = address.rpartition(":")
    try:
        with (
            socket.create_connection((host, int(port)), 10) as plain,
            context.wrap_socket(plain, server_hostname=host) as stream,
        ):
            stream.sendall(FRAME)
            data = bytearray()
            while (answer := take(data)) is None:
                piece = stream.recv(65536)
                if not piece:
                    return REFUSED
                data += piece
            return str(answer.code)
    except (ssl.SSLError, ConnectionError):
        return REFUSED


def _both(pair: Pair, context: Callable[[], ssl.SSLContext]) -> str:
    TALLY.frames += 1
    theirs, ours = (_secure(peer.address, context()) for peer in pair.peers)
    assert ours == theirs
    return ours


@contextmanager
def _started(directory: Path, flags: list[str]) -> Iterator[Pair]:
    """Both servers with these properties; "serves" is asked at the port, not by a request."""
    with (
        start_servers(directory, java_flags=flags, our_arguments=flags, ready=listens) as servers,
        servers.pair() as pair,
    ):
        yield pair


@pytest.mark.parametrize(
    ("mode", "plain", "secure"),
    [("disabled", True, False), ("permissive", True, True), ("enforcing", False, True)],
)
def test_modes(tmp_path: Path, authority: Authority, mode: str, plain: bool, secure: bool) -> None:
    with _started(tmp_path, authority.flags(mode)) as pair:
        assert (pair.same(FRAME, "plain") != "closed") is plain
        assert (_both(pair, authority.client) == "22") is secure
        assert (pair.same(FRAME, "again") != "closed") is plain


def test_without_any_setting_tls_is_taken_with_a_certificate_nobody_can_check(
    tmp_path: Path,
) -> None:
    flags = ["-Dtls.server.mode=permissive"]

    def trusting() -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    with _started(tmp_path, flags) as pair:
        assert _both(pair, trusting) == "22"
        pair.answer(FRAME, "plain")


@pytest.mark.parametrize("auth", ["none", "optional", "require"])
def test_client_certificates(tmp_path: Path, authority: Authority, auth: str) -> None:
    more = {"tls.server.need.client.auth": auth, "tls.server.authClient": "true"}
    with _started(tmp_path, authority.flags("enforcing", **more)) as pair:
        _both(pair, authority.client)
        assert _both(pair, lambda: authority.client(authority.ca)) == "22"
        _both(pair, lambda: authority.client(trustme.CA()))


def test_settings_from_the_tls_file(tmp_path: Path, authority: Authority) -> None:
    mode, *others = authority.flags("enforcing")
    file = tmp_path / "tls.properties"
    file.write_text("\n".join(flag.removeprefix("-D") for flag in others))
    with _started(tmp_path, [mode, f"-Dtls.config.file={file}"]) as pair:
        assert _both(pair, authority.client) == "22"


def test_a_new_certificate_is_taken_up_and_open_connections_stay(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = Authority(trustme.CA(), tmp_path_factory.mktemp("renewed"))
    before.issue()
    with _started(tmp_path, before.flags("permissive")) as pair:
        assert _both(pair, before.client) == "22"
        pair.answer(FRAME, "open")
        after = before._replace(ca=trustme.CA())
        after.issue()
        pair.both(lambda peer: _secure(peer.address, after.client()) == "22", "the new certificate")
        pair.answer(FRAME, "open")


def test_a_certificate_renewed_for_the_same_key_is_taken_up_by_ours_alone(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = Authority(trustme.CA(), tmp_path_factory.mktemp("same-key"))
    before.issue()
    with _started(tmp_path, before.flags("permissive")) as pair:
        renewed = _renewed(before.key.read_bytes())
        before.certificate.write_bytes(renewed)
        trusting = ssl.create_default_context(cadata=renewed.decode())
        trusting.check_hostname = False
        ours = pair.ours.address
        until(lambda: _secure(ours, trusting) == "22", timeout=10, what="the new certificate")
        theirs, ours = (_secure(peer.address, trusting) for peer in pair.peers)
        pair.unlike("tls-renewed-with-the-same-key", theirs, ours)


def _renewed(key_pem: bytes) -> bytes:
    """A certificate of this key that signs itself."""
    key = serialization.load_pem_private_key(key_pem, None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_a_mode_that_does_not_exist_is_refused_by_ours(tmp_path: Path) -> None:
    flags = ["-Dtls.server.mode=enforced"]
    with java.NameServer(tmp_path / "java", flags=flags) as theirs:
        _refused("tls-unknown-mode", theirs.address, tmp_path, flags)


def test_neither_starts_without_a_certificate_that_it_needs(tmp_path: Path) -> None:
    flags = ["-Dtls.server.mode=permissive", "-Dtls.test.mode.enable=false"]
    with pytest.raises(HarnessError, match="ended with code"):
        java.NameServer(tmp_path / "java", flags=flags).start()
    assert _exit_code(tmp_path, flags) == 2


def test_a_certificate_that_is_required_but_never_checked_is_refused_by_ours(
    tmp_path: Path, authority: Authority
) -> None:
    flags = authority.flags("enforcing", **{"tls.server.need.client.auth": "require"})
    with java.NameServer(tmp_path / "java", flags=flags, ready=listens) as theirs:
        stranger = authority.client(trustme.CA())
        assert _secure(theirs.address, stranger) == "22"
        _refused("tls-required-but-not-checked", theirs.address, tmp_path, flags)


def _refused(difference: str, theirs: str, directory: Path, flags: list[str]) -> None:
    """Require that the Java server is there and that ours ends with a message."""
    assert listens(theirs)
    TALLY.meet(difference)
    assert _exit_code(directory, flags) == 2


def _exit_code(directory: Path, flags: list[str]) -> int | None:
    """How our server ends."""
    log = directory / "ours.log"
    child = start([PROGRAM, "--listen", f"{new_address()}:9876", *flags], log=log)
    try:
        until(lambda: child.exit_code is not None, timeout=20, what="ours to refuse to start")
    finally:
        child.kill()
    return child.exit_code
