"""Our NameServer in a container: what is run, with which files and probes."""

from typing import Final

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import HTTP_PORT, REMOTING_PORT
from rocketmq_operator.reconciler.resources import tls
from rocketmq_operator.reconciler.resources.directories import DATA_DIR, SEED_DIR
from rocketmq_operator.reconciler.spec import Cluster

GROUP: Final = 65532
"""Group that may write to the volumes; that of the image's user."""

SECURITY: Final[Object] = {"fsGroup": GROUP}

RESOURCES: Final = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}


def command(cluster: Cluster) -> list[str]:
    """The command line of the container.

    Every image ever pinned must know its options, as a server refuses one that it does not know;
    what is newer goes into the environment.
    """
    listen = cluster.spec.ports
    return [
        "rocketmq-nameserver",
        *("--listen", f"0.0.0.0:{listen.remoting}"),
        *("--http", f"0.0.0.0:{listen.http}"),
        *("--seed-dir", SEED_DIR),
        *("--data-dir", DATA_DIR),
        *tls.options(cluster),
    ]


def environment(cluster: Cluster) -> list[Object]:
    """What the command line does not say."""
    peers = cluster.names.dns_lookup(cluster.spec.ports.http)
    return [
        {"name": "NAMESRV_LOG_LEVEL", "value": str(cluster.spec.log_level)},
        {"name": "NAMESRV_PEERS", "value": peers},
    ]


def ports(cluster: Cluster) -> list[Object]:
    """Remoting and HTTP."""
    listen = cluster.spec.ports
    return [
        {"name": REMOTING_PORT, "containerPort": listen.remoting, "protocol": "TCP"},
        {"name": HTTP_PORT, "containerPort": listen.http, "protocol": "TCP"},
    ]


def probe(path: str) -> Object:
    """What the server says of itself."""
    return {"httpGet": {"path": path, "port": HTTP_PORT, "scheme": "HTTP"}}
