"""Servers that take TLS only: the operator, Java's mqadmin, and those who have no certificate."""

import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from harness import java
from harness.product import Make, Nsc
from harness.server import Server
from harness.tlssecrets import SECRET, keep_certificate
from harness.wait import until
from rocketmq_operator.errors import TransportError

RENEWED = 150.0
"""Seconds; a kubelet that is not asked to looks at Secrets once a minute or so."""


def enforced(**more: Any) -> dict[str, Any]:
    return {
        "tls": {"mode": "Enforcing", "secretName": SECRET},
        "kvConfig": [{"kvNamespace": "app", "entries": {"a": "1", **more}}],
    }


def shown(address: str) -> str:
    """The fingerprint of the certificate that a server shows."""
    host, _, port = address.rpartition(":")
    text = ssl.get_server_certificate((host, int(port)), timeout=10)
    return hashlib.sha256(text.encode()).hexdigest()


def first(nsc: Nsc) -> str:
    return min(nsc.servers().items())[1]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.timeout(RENEWED * 2)
def test_the_operator_and_java_talk_tls_and_nobody_talks_plain(
    make: Make, namespace: str, authority: trustme.CA, tmp_path: Path, product: Any
) -> None:
    keep_certificate(product, namespace, authority)
    nsc = make(replicas=2, **enforced())
    assert nsc.columns()["CONFIG"] == "Synced"
    with pytest.raises(TransportError):
        Server(first(nsc)).kv("app")
    trusted = tmp_path / "ca.crt"
    authority.cert_pem.write_to_path(trusted)
    flags = {"tls.enable": "true", "tls.client.authServer": "true"}
    flags |= {"tls.client.trustCertPath": str(trusted)}
    words = [f"-D{name}={value}" for name, value in flags.items()]
    tool = java.Mqadmin(first(nsc), flags=words)
    done = tool.run("updateKvConfig", "-s", "own", "-k", "k", "-v", "v")
    assert "create or update kv config to namespace success." in done.stdout
    before, started = shown(first(nsc)), nsc.started()
    keep_certificate(product, namespace, authority)
    # A change of the pod has the kubelet look at its Secrets at once.
    nsc.kubectl("annotate", "pod", "--selector", f"namesrv.dev/cluster={nsc.name}", "look=now")
    until(
        lambda: shown(first(nsc)) != before,
        timeout=RENEWED,
        what="the new certificate",
        interval=0.5,
    )
    nsc.patch(**enforced(b="2"))
    nsc.wait_ready()
    assert nsc.columns()["CONFIG"] == "Synced"
    assert nsc.started() == started


def test_a_secret_that_is_missing_is_named_and_waited_for(
    make: Make, namespace: str, authority: trustme.CA, product: Any
) -> None:
    nsc = make(wait=False, replicas=1, **enforced())
    nsc.wait_status(lambda status: status.get("phase") == "Failed", "Failed")
    stalled = nsc.condition("Stalled")
    assert stalled["reason"] == "TLSSecretMissing"
    assert f"Secret {SECRET} " in stalled["message"]
    keep_certificate(product, namespace, authority)
    nsc.wait_ready()


def test_a_secret_of_clients_that_is_missing_is_named_and_waited_for(
    make: Make, namespace: str, authority: trustme.CA, product: Any
) -> None:
    keep_certificate(product, namespace, authority)
    asked = {"mode": "Permissive", "secretName": SECRET, "clientAuth": "Optional"}
    nsc = make(wait=False, replicas=1, tls={**asked, "clientCASecretName": "clients"})
    nsc.wait_status(lambda status: status.get("phase") == "Failed", "Failed")
    stalled = nsc.condition("Stalled")
    assert stalled["reason"] == "TLSSecretMissing"
    assert "Secret clients " in stalled["message"]
    keep_certificate(product, namespace, authority, name="clients")
    nsc.wait_ready()
