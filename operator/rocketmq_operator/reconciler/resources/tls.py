"""TLS of the servers: what they are told, what is mounted, and cert-manager's Certificate."""

from typing import Any, Final

from rocketmq_operator.reconciler import pods
from rocketmq_operator.reconciler.kinds import CERTIFICATE, Object
from rocketmq_operator.reconciler.resources.metadata import child
from rocketmq_operator.reconciler.spec import CertManager, ClientAuth, Cluster, Flavor, TlsMode

VOLUME: Final = "tls"
DIRECTORY: Final = "/etc/rocketmq/tls"
CLIENT_CA_VOLUME: Final = "client-ca"
CLIENT_CA_DIRECTORY: Final = "/etc/rocketmq/client-ca"
READABLE: Final = 0o440
MODE: Final = "tls.server.mode="
PKCS8: Final = {"privateKey": {"encoding": "PKCS8"}}
"""The only form of a key that Netty reads."""


def options(cluster: Cluster) -> list[str]:
    """Words of the server's command line, with Java's names of the settings."""
    tls = cluster.spec.tls
    told = [f"{MODE}{tls.mode.lower()}"]
    if tls.mode is not TlsMode.DISABLED:
        told += [
            "tls.test.mode.enable=false",
            f"tls.server.certPath={DIRECTORY}/tls.crt",
            f"tls.server.keyPath={DIRECTORY}/tls.key",
        ]
        told += _client_options(tls.client_auth)
    return [f"-D{word}" for word in told]


def enforced_by(pod: Object) -> str | None:
    """The Secret of a pod whose server takes TLS only, or None for another one."""
    enforced = f"-D{MODE}{TlsMode.ENFORCING.lower()}"
    if enforced not in pods.server(pod["spec"]).get("command", ()):
        return None
    secrets = {each["name"]: each.get("secret", {}) for each in pod["spec"].get("volumes", ())}
    name: str | None = secrets.get(VOLUME, {}).get("secretName")
    return name


def volumes(cluster: Cluster) -> list[Object]:
    """The Secrets as volumes of a pod."""
    found = [(VOLUME, cluster.tls_secret), (CLIENT_CA_VOLUME, cluster.client_ca_secret)]
    return [
        {"name": name, "secret": {"secretName": secret, "defaultMode": READABLE}}
        for name, secret in found
        if secret is not None
    ]


def mounts(cluster: Cluster) -> list[Object]:
    """Where the server sees them."""
    directories = {VOLUME: DIRECTORY, CLIENT_CA_VOLUME: CLIENT_CA_DIRECTORY}
    return [
        {"name": volume["name"], "mountPath": directories[volume["name"]], "readOnly": True}
        for volume in volumes(cluster)
    ]


def certificate(cluster: Cluster) -> Object | None:
    """The Certificate, or None where nobody asks for one."""
    given, names = cluster.spec.tls.cert_manager, cluster.names
    if given is None or cluster.tls_secret is None:
        return None
    domain = f"{names.namespace}.svc"
    own = [f"{names.headless_service}.{domain}", f"*.{names.headless_service}.{domain}"]
    spec = {
        "secretName": names.certificate,
        "issuerRef": given.issuer_ref,
        "commonName": names.stateful_set,
        "dnsNames": [*own, f"{names.client_service}.{domain}", *given.dns_names],
        # The operator shows the same certificate where clients must show one.
        "usages": ["server auth", "client auth"],
        **_optional(given),
        **(PKCS8 if cluster.spec.flavor is Flavor.JAVA else {}),
    }
    return {**child(cluster, CERTIFICATE, names.certificate), "spec": spec}


def _optional(given: CertManager) -> Object:
    parts: dict[str, Any] = {
        "duration": given.duration,
        "renewBefore": given.renew_before,
        "ipAddresses": given.ip_addresses,
    }
    return {key: part for key, part in parts.items() if part}


def _client_options(auth: ClientAuth) -> list[str]:
    if auth is ClientAuth.NONE:
        return []
    return [
        f"tls.server.need.client.auth={auth.lower()}",
        "tls.server.authClient=true",
        f"tls.server.trustCertPath={CLIENT_CA_DIRECTORY}/ca.crt",
    ]
