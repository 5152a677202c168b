"""The stock Java NameServer in a container: what is run, with which files and probes.

The image is Apache's, or one laid out as that is: the working directory is ``bin`` of the
distribution, or ROCKETMQ_HOME says where the distribution lies. Java is started without the
scripts there, as they neither pass on SIGTERM nor keep to the memory of the container.
"""

from typing import Final

from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import REMOTING_PORT
from rocketmq_operator.reconciler.resources import tls
from rocketmq_operator.reconciler.resources.directories import DATA_DIR, SEED_DIR, TEMPORARY_DIR
from rocketmq_operator.reconciler.spec import Cluster

USER: Final = 3000
"""User and group in Apache's image, which bear names there that Kubernetes cannot check."""

SECURITY: Final[Object] = {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}

RESOURCES: Final = {
    "requests": {"cpu": "100m", "memory": "512Mi"},
    "limits": {"memory": "1Gi"},
}

HEAP_PERCENT: Final = 50
"""Of the container's memory; the rest is for buffers, classes and threads."""

START: Final = f"""\
set -e
: "${{ROCKETMQ_HOME:=${{PWD%/*}}}}"
export ROCKETMQ_HOME
printf '%s\\n' "$1" "$2" "$3" | cat {SEED_DIR}/namesrv.properties - >{DATA_DIR}/namesrv.properties
[ -e {DATA_DIR}/kvConfig.json ] || cat {SEED_DIR}/kvConfig.json >{DATA_DIR}/kvConfig.json
shift 3
exec "${{JAVA_HOME:+$JAVA_HOME/bin/}}java" -XX:MaxRAMPercentage={HEAP_PERCENT} \
-Duser.home={TEMPORARY_DIR} \
-Drmq.logback.configurationFile="$ROCKETMQ_HOME/conf/rmq.namesrv.logback.xml" "$@" $JAVA_OPT_EXT \
-cp "$ROCKETMQ_HOME/conf:$ROCKETMQ_HOME/lib/*" \
org.apache.rocketmq.namesrv.NamesrvStartup -c {DATA_DIR}/namesrv.properties
"""
"""Arguments are three properties, then options. A KV file that is there goes before the seed."""


def command(cluster: Cluster) -> list[str]:
    """The command line of the container."""
    properties = [
        f"listenPort={cluster.spec.ports.remoting}",
        "bindAddress=0.0.0.0",
        f"kvConfigPath={DATA_DIR}/kvConfig.json",
    ]
    return ["sh", "-c", START, "namesrv", *properties, *tls.options(cluster)]


def environment(cluster: Cluster) -> list[Object]:
    """Nothing; JAVA_OPT_EXT, which Apache's scripts read as well, is left to ``spec.pod.env``."""
    del cluster
    return []


def ports(cluster: Cluster) -> list[Object]:
    """There is no HTTP."""
    port = cluster.spec.ports.remoting
    return [{"name": REMOTING_PORT, "containerPort": port, "protocol": "TCP"}]


def probe(path: str) -> Object:
    """Whether somebody listens; there is nothing else to ask."""
    del path
    return {"tcpSocket": {"port": REMOTING_PORT}}
