"""What the operator reads out of the servers' Secret, and how it says that it cannot."""

import base64
import ssl
from typing import Any, cast

import pytest
import trustme

from rocketmq_operator.errors import SettingsError
from rocketmq_operator.reconciler.credentials import Credentials, read, read_client_authorities
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.kube.tlssecrets import TlsSecrets
from rocketmq_operator.reconciler.pods import Trouble
from rocketmq_operator.reconciler.spec import Cluster, parse
from rocketmq_operator.transport.tls import client_context


def secret(**texts: bytes) -> dict[str, Any]:
    names = {name.replace("_", "."): text for name, text in texts.items()}
    return {"data": {name: base64.b64encode(text).decode() for name, text in names.items()}}


def test_the_authority_is_that_of_the_secret_or_the_certificate_itself() -> None:
    assert read("s", secret(tls_crt=b"c", tls_key=b"k", ca_crt=b"a")) == Credentials(
        b"a", b"c", b"k"
    )
    assert read("s", secret(tls_crt=b"c", tls_key=b"k")) == Credentials(b"c", b"c", b"k")


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (None, "TLSSecretMissing", "Secret s with the servers' certificate does not exist"),
        ({}, "TLSSecretInvalid", "Secret s has no tls.crt and no tls.key"),
        (secret(tls_crt=b"c"), "TLSSecretInvalid", "Secret s has no tls.key"),
        ({"data": {"tls.crt": "%", "tls.key": "%"}}, "TLSSecretInvalid", "Secret s: "),
    ],
)
def test_what_is_wrong_is_named(found: Any, reason: str, words: str) -> None:
    trouble = read("s", found)
    assert isinstance(trouble, Trouble)
    assert trouble.reason == reason
    assert trouble.message.startswith(words)


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (
            None,
            "TLSSecretMissing",
            "Secret s of spec.tls.clientCASecretName does not exist; servers that start wait",
        ),
        (secret(tls_crt=b"c"), "TLSSecretInvalid", "Secret s has no ca.crt"),
        ({"data": {"ca.crt": "%"}}, "TLSSecretInvalid", "Secret s: "),
    ],
)
def test_what_is_wrong_with_the_authorities_of_clients_is_named(
    found: Any, reason: str, words: str
) -> None:
    trouble = read_client_authorities("s", found)
    assert isinstance(trouble, Trouble)
    assert trouble.reason == reason
    assert trouble.message.startswith(words)


class Secrets:
    """An API server that holds these Secrets, and counts who asks."""

    def __init__(self, **found: Any) -> None:
        self.found = found
        self.asked: list[str] = []

    async def get(self, _: Any, namespace: str, name: str) -> Any:
        assert namespace == "mq"
        self.asked.append(name)
        return self.found.get(name)


def issued() -> Any:
    """A good Secret of servers."""
    one = trustme.CA().issue_cert("a.example.com")
    return secret(tls_crt=one.cert_chain_pems[0].bytes(), tls_key=one.private_key_pem.bytes())


def asking(client_auth: str = "Require") -> Cluster:
    tls = {"mode": "Permissive", "secretName": "mine", "clientCASecretName": "clients"}
    metadata = {"name": "prod", "namespace": "mq", "uid": "u", "generation": 1}
    return parse({"metadata": metadata, "spec": {"tls": {**tls, "clientAuth": client_auth}}}, "i")


async def test_a_missing_secret_of_clients_is_found_and_a_good_one_read_once() -> None:
    api = Secrets(mine=issued())
    secrets = TlsSecrets(cast(KubeApi, api))
    trouble = (await secrets.shown(asking(), ())).progress.trouble
    assert trouble is not None
    assert trouble.reason == "TLSSecretMissing"
    api.found["clients"] = secret(ca_crt=b"no certificate")
    trouble = (await secrets.shown(asking(), ())).progress.trouble
    assert trouble is not None
    assert trouble.reason == "TLSSecretInvalid"
    api.found["clients"] = secret(ca_crt=trustme.CA().cert_pem.bytes())
    for _ in range(2):
        assert (await secrets.shown(asking(), ())).progress.trouble is None
    assert api.asked == ["mine", *["clients"] * 3]


async def test_no_secret_of_clients_is_looked_for_where_none_are_asked() -> None:
    api = Secrets(mine=issued())
    shown = await TlsSecrets(cast(KubeApi, api)).shown(asking("None"), ())
    assert shown.progress.trouble is None
    assert api.asked == ["mine"]


def test_the_key_is_not_in_what_is_printed() -> None:
    assert "secret" not in repr(Credentials(b"a", b"c", b"secret"))


@pytest.mark.parametrize("trusted", ["authority", "certificate"])
def test_a_client_trusts_the_authority_or_the_very_certificate(trusted: str) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("a.example.com")
    certificate, key = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()
    ours = authority.cert_pem.bytes() if trusted == "authority" else certificate
    client = client_context(ours, certificate, key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(server)
    assert shaken(client, server) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(client_context(trustme.CA().cert_pem.bytes(), certificate, key), server)


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        client_context(b"a", b"c", b"k")


def shaken(client: ssl.SSLContext, server: ssl.SSLContext) -> str | None:
    """The version that both agree on, after a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname="10.0.0.1")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ours.version()
