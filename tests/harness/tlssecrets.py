"""Secrets with certificates, as cert-manager would write them."""

import base64
from typing import Final

import trustme

from harness.product import Product

SECRET: Final = "servers"


def keep_certificate(
    product: Product, namespace: str, authority: trustme.CA, name: str = SECRET
) -> None:
    """A certificate of the authority, new each time, in the Secret."""
    issued = authority.issue_cert("nameserver.example.com")
    texts = {
        "tls.crt": issued.cert_chain_pems[0].bytes(),
        "tls.key": issued.private_key_pem.bytes(),
        "ca.crt": authority.cert_pem.bytes(),
    }
    product.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": namespace},
            "data": {entry: base64.b64encode(text).decode() for entry, text in texts.items()},
        }
    )
