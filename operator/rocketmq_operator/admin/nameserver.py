# ruff: noqa: ASYNC109 - the deadline is the caller's and part of the interface
"""What can be asked of a NameServer, as typed calls over the remoting protocol."""

from collections.abc import Mapping

from rocketmq_operator.admin.connections import DEFAULT_TIMEOUT, Connections, body_of
from rocketmq_operator.protocol import properties
from rocketmq_operator.protocol.bodies import ClusterInfo, KVTable, TopicList, TopicRouteData
from rocketmq_operator.protocol.codes import RequestCode, ResponseCode
from rocketmq_operator.protocol.command import request


class NameServerCalls(Connections):
    """Calls to NameServers. Each takes the server's ``host:port`` and a deadline in seconds.

    Raises as :meth:`Connections.call` does.
    """

    async def cluster_info(self, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> ClusterInfo:
        """All brokers this server knows, and the clusters they belong to."""
        return await self.fetch(
            address, request(RequestCode.GET_BROKER_CLUSTER_INFO), ClusterInfo, timeout
        )

    async def topic_list(self, address: str, *, timeout: float = DEFAULT_TIMEOUT) -> list[str]:
        """All topics this server has a route for, sorted."""
        asked = request(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
        return sorted((await self.fetch(address, asked, TopicList, timeout)).topic_list)

    async def topic_route(
        self,
        address: str,
        topic: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> TopicRouteData | None:
        """The route of ``topic``, or None if this server has none."""
        asked = request(
            RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic, "acceptStandardJsonOnly": "true"}
        )
        answer = await self.call(address, asked, timeout, ResponseCode.TOPIC_NOT_EXIST)
        return body_of(answer, TopicRouteData) if answer.code == ResponseCode.SUCCESS else None

    async def put_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        value: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Store one KV entry."""
        fields = {"namespace": namespace, "key": key, "value": value}
        await self.call(address, request(RequestCode.PUT_KV_CONFIG, fields), timeout)

    async def get_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> str | None:
        """One KV entry, or None if there is none."""
        asked = request(RequestCode.GET_KV_CONFIG, {"namespace": namespace, "key": key})
        answer = await self.call(address, asked, timeout, ResponseCode.QUERY_NOT_FOUND)
        return (answer.ext_fields or {}).get("value")

    async def delete_kv(
        self,
        address: str,
        namespace: str,
        key: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Remove one KV entry; it need not exist."""
        fields = {"namespace": namespace, "key": key}
        await self.call(address, request(RequestCode.DELETE_KV_CONFIG, fields), timeout)

    async def kv_list(
        self,
        address: str,
        namespace: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, str] | None:
        """All entries of a KV namespace, or None if the server does not know the namespace."""
        asked = request(RequestCode.GET_KVLIST_BY_NAMESPACE, {"namespace": namespace})
        answer = await self.call(address, asked, timeout, ResponseCode.QUERY_NOT_FOUND)
        return body_of(answer, KVTable).table if answer.code == ResponseCode.SUCCESS else None

    async def get_namesrv_config(
        self,
        address: str,
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> dict[str, str]:
        """The server's configuration as it prints it."""
        answer = await self.call(address, request(RequestCode.GET_NAMESRV_CONFIG), timeout)
        return properties.parse_raw(answer.body.decode(errors="replace"))

    async def update_namesrv_config(
        self,
        address: str,
        entries: Mapping[str, str],
        *,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Change properties. Java accepts unknown names and bad values silently: read back."""
        body = properties.dump(entries).encode()
        await self.call(address, request(RequestCode.UPDATE_NAMESRV_CONFIG, None, body), timeout)

    async def wipe_write_perm(
        self, address: str, broker_name: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> int:
        """Take the write permission of a broker's topics away; the number of topics."""
        asked = request(RequestCode.WIPE_WRITE_PERM_OF_BROKER, {"brokerName": broker_name})
        answer = await self.call(address, asked, timeout)
        return int((answer.ext_fields or {}).get("wipeTopicCount", "0"))

    async def add_write_perm(
        self, address: str, broker_name: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> int:
        """Give the write permission of a broker's topics back; the number of topics."""
        asked = request(RequestCode.ADD_WRITE_PERM_OF_BROKER, {"brokerName": broker_name})
        answer = await self.call(address, asked, timeout)
        return int((answer.ext_fields or {}).get("addTopicCount", "0"))

    async def delete_topic(
        self, address: str, topic: str, cluster: str, *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """Forget a topic's route on the brokers of a RocketMQ cluster; it need not exist."""
        fields = {"topic": topic, "clusterName": cluster}
        await self.call(address, request(RequestCode.DELETE_TOPIC_IN_NAMESRV, fields), timeout)
