"""Which brokers of a RocketMQ cluster a command goes to, by what a NameServer knows.

The choices are those of Java's ``CommandUtil`` and ``DefaultMQAdminExtImpl``.
"""

import random
from collections.abc import Iterable

from rocketmq_operator.errors import RocketMQError
from rocketmq_operator.protocol.bodies import BrokerData, ClusterInfo, TopicRouteData

MASTER = 0
NO_MASTER = "NO_MASTER"


class NoSuchClusterError(RocketMQError):
    """A RocketMQ cluster that no NameServer knows."""

    def __init__(self, cluster: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none"
        super().__init__(
            "Make sure the specified clusterName exists or the name server connected to is "
            f"correct: no cluster {cluster!r}, known are {names}"
        )


def of_cluster(info: ClusterInfo, cluster: str) -> list[BrokerData]:
    """The broker names of a cluster, in order. Raises NoSuchClusterError."""
    if cluster not in info.cluster_addr_table:
        raise NoSuchClusterError(cluster, info.cluster_addr_table)
    names = sorted(set(info.cluster_addr_table[cluster]) & info.broker_addr_table.keys())
    return [info.broker_addr_table[name] for name in names]


def masters(found: Iterable[BrokerData]) -> list[str]:
    """The masters' addresses."""
    return [data.broker_addrs[MASTER] for data in found if MASTER in data.broker_addrs]


def everybody(found: Iterable[BrokerData]) -> list[str]:
    """The addresses of masters and slaves."""
    return [address for data in found for _, address in sorted(data.broker_addrs.items())]


def one_of(data: BrokerData) -> str | None:
    """The master's address, or else that of any slave (``BrokerData.selectBrokerAddr``)."""
    if MASTER in data.broker_addrs or not data.broker_addrs:
        return data.broker_addrs.get(MASTER)
    return random.choice(list(data.broker_addrs.values()))


def one_of_each(route: TopicRouteData) -> list[str]:
    """An address of each broker name of a route."""
    return [address for address in map(one_of, route.broker_datas) if address]


def name_at(info: ClusterInfo, address: str) -> str:
    """The broker name at an address. Raises RocketMQError."""
    for name, data in info.broker_addr_table.items():
        if address in data.broker_addrs.values():
            return name
    raise RocketMQError(f"no broker at {address} is known to the NameServer")


def clusters_of(info: ClusterInfo, name: str) -> list[str]:
    """The clusters that a broker name belongs to."""
    return [cluster for cluster, names in info.cluster_addr_table.items() if name in names]
