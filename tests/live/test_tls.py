"""Rolls into TLS, to another certificate and another port, and back."""

from typing import Any

import trustme

from harness.product import Make
from harness.tlssecrets import SECRET, keep_certificate

TURNS = {
    "into TLS": {"tls": {"mode": "Enforcing", "secretName": SECRET}},
    "to another certificate and port": {
        "tls": {"mode": "Enforcing", "secretName": "others"},
        "ports": {"remoting": 19876},
    },
    "back": {"tls": None, "ports": None},
}


def test_servers_are_asked_as_they_were_made_until_they_are_replaced(
    make: Make, namespace: str, product: Any
) -> None:
    keep_certificate(product, namespace, trustme.CA())
    keep_certificate(product, namespace, trustme.CA(), name="others")
    nsc = make(replicas=2, rollout={"minReadySeconds": 0, "viewTimeoutSeconds": 3600})
    for turn in TURNS.values():
        before = nsc.started()
        nsc.patch(**turn)
        nsc.wait_rolled(before)
    nsc.wait_columns(CONFIG="Synced")
