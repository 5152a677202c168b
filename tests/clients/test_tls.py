"""Java's mqadmin talks TLS to our server, by the properties that Java clients take."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from harness import java
from harness.nameserver import NameServer
from harness.serverprocess import listens

PUT = ("updateKvConfig", "-s", "tls", "-k", "k", "-v", "v")
DONE = "create or update kv config to namespace success."


class Certificates:
    """Certificates of one authority, each with its key, as PEM files that Java reads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        self.trusted = directory / "ca.crt"
        self._authority.cert_pem.write_to_path(self.trusted)

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key."""
        issued = self._authority.issue_cert(name, common_name=name)
        certificate, key = (self._directory / f"{name}.{end}" for end in ("crt", "key"))
        certificate.write_bytes(issued.cert_chain_pems[0].bytes())
        loaded = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        plain = serialization.NoEncryption()
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key.write_bytes(loaded.private_bytes(pem, pkcs8, plain))
        return certificate, key


def flags(**properties: object) -> list[str]:
    """`tls_server_mode="x"` as `-Dtls.server.mode=x`."""
    return [f"-D{name.replace('_', '.')}={value}" for name, value in properties.items()]


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


@pytest.fixture
def secure(tmp_path: Path, certificates: Certificates) -> NameServer:
    """Our server, not started; it takes TLS only, from clients with a certificate."""
    certificate, key = certificates.issue("server")
    arguments = flags(
        tls_server_mode="enforcing",
        tls_test_mode_enable="false",
        tls_server_certPath=certificate,
        tls_server_keyPath=key,
        tls_server_need_client_auth="require",
        tls_server_authClient="true",
        tls_server_trustCertPath=certificates.trusted,
    )
    return NameServer(tmp_path / "ours", arguments=arguments, ready=listens)


def test_a_client_with_a_certificate_is_served_and_others_are_not(
    secure: NameServer, certificates: Certificates
) -> None:
    certificate, key = certificates.issue("client")
    checking = flags(
        tls_enable="true",
        tls_test_mode_enable="false",
        tls_client_authServer="true",
        tls_client_trustCertPath=certificates.trusted,
    )
    own = flags(tls_client_certPath=certificate, tls_client_keyPath=key)
    with secure:
        served = java.Mqadmin(secure.address, flags=[*checking, *own]).run(*PUT)
        assert DONE in served.stdout, served.stderr
        for wrong in ([], flags(tls_enable="true")):
            refused = java.Mqadmin(secure.address, flags=wrong).run(*PUT)
            assert DONE not in refused.stdout


def test_without_any_preparation_both_sides_speak_tls(tmp_path: Path) -> None:
    arguments = flags(tls_server_mode="enforcing")
    with NameServer(tmp_path / "ours", arguments=arguments, ready=listens) as ours:
        done = java.Mqadmin(ours.address, flags=flags(tls_enable="true")).run(*PUT)
        assert DONE in done.stdout, done.stderr
