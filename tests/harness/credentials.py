"""Who may talk to a test control plane, and how it proves who it is."""

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml

SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
USERS = {
    "admin": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
}


@dataclass(frozen=True)
class Credentials:
    """Files under one directory, and the token of each of USERS."""

    directory: Path
    tokens: dict[str, str]

    @property
    def ca(self) -> Path:
        """The certificate authority that clients and pods verify the API server with."""
        return self.directory / "ca.crt"

    @property
    def server_certificate(self) -> Path:
        """Certificate chain of the API server."""
        return self.directory / "apiserver.crt"

    @property
    def server_key(self) -> Path:
        """Private key of the API server."""
        return self.directory / "apiserver.key"

    @property
    def service_account_key(self) -> Path:
        """Signs service account tokens."""
        return self.directory / "service-accounts.key"

    @property
    def token_file(self) -> Path:
        """For the API server's --token-auth-file."""
        return self.directory / "tokens.csv"

    def kubeconfig(self, user: str, server: str) -> str:
        """Text of a kubeconfig for one of USERS; `server` is an https URL."""
        return kubeconfig(server, self.ca.read_bytes(), self.tokens[user])


def kubeconfig(server: str, ca: bytes, token: str, name: str = "embedded") -> str:
    """Text of a kubeconfig that carries everything in itself."""
    cluster = {
        "server": server,
        "certificate-authority-data": base64.b64encode(ca).decode(),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False)


def make_credentials(directory: Path, addresses: list[str]) -> Credentials:
    """Write new keys, certificates and tokens; the API server will answer at `addresses`."""
    directory.mkdir(mode=0o700, parents=True)
    made = Credentials(directory, {user: secrets.token_hex(16) for user in USERS})
    authority = trustme.CA(organization_name="rocketmq-operator test cluster")
    server = authority.issue_cert(*addresses, *SERVER_NAMES)
    authority.cert_pem.write_to_path(made.ca)
    made.server_certificate.write_bytes(b"".join(b.bytes() for b in server.cert_chain_pems))
    server.private_key_pem.write_to_path(made.server_key)
    signer = authority.issue_cert("service-accounts.invalid")
    signer.private_key_pem.write_to_path(made.service_account_key)
    lines = [f'{made.tokens[user]},{user},{user},"{group}"' for user, group in USERS.items()]
    made.token_file.write_text("\n".join(lines) + "\n")
    return made
