"""mqadmin on servers that take TLS alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import trustme

from harness.nameserver import NameServer
from harness.wait import until

MQADMIN: Final = Path(sys.executable).with_name("mqadmin")


class Secured(NamedTuple):
    """A server that wants its clients' certificates, and files of PEM."""

    address: str
    authority: Path
    own: Path
    key: Path
    stranger: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory = tmp_path_factory.mktemp("tls")
    authority, stranger = trustme.CA(), trustme.CA()
    issued = authority.issue_cert("nameserver.example.com")
    files = {name: directory / f"{name}.pem" for name in ("ca", "cert", "key", "stranger")}
    authority.cert_pem.write_to_path(files["ca"])
    stranger.cert_pem.write_to_path(files["stranger"])
    issued.cert_chain_pems[0].write_to_path(files["cert"])
    issued.private_key_pem.write_to_path(files["key"])
    settings = {
        "mode": "enforcing",
        "certPath": files["cert"],
        "keyPath": files["key"],
        "need.client.auth": "require",
        "authClient": "true",
        "trustCertPath": files["ca"],
    }
    flags = ["-Dtls.test.mode.enable=false"]
    flags += [f"-Dtls.server.{name}={value}" for name, value in settings.items()]
    with NameServer(directory / "ours", arguments=flags, ready=lambda _: True) as server:
        until(lambda: "boot success" in server.log.read_text(), timeout=20, what="the server")
        yield Secured(server.address, files["ca"], files["cert"], files["key"], files["stranger"])


def topic_list(secured: Secured, *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [MQADMIN, "topicList", "-n", secured.address, "--timeout", "3", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("trust", ["named", "anybody"])
def test_a_client_with_a_certificate_gets_in(secured: Secured, trust: str) -> None:
    authority = ("--tls-ca", secured.authority) if trust == "named" else ("--tls",)
    done = topic_list(secured, *authority, "--tls-cert", secured.own, "--tls-key", secured.key)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_tls_or_with_another_authority_nothing_is_said(secured: Secured) -> None:
    own = ("--tls-cert", secured.own, "--tls-key", secured.key)
    assert topic_list(secured).returncode == 3
    done = topic_list(secured, "--tls-ca", secured.stranger, *own)
    assert done.returncode == 3
    assert "certificate verify failed" in done.stderr


def test_a_file_that_is_not_there_is_named(secured: Secured) -> None:
    done = topic_list(secured, "--tls-ca", "/no/such.pem")
    assert (done.returncode, done.stderr) == (
        2,
        "mqadmin: --tls-ca /no/such.pem: No such file or directory\n",
    )
