"""Routes for clients that want brokers of their own zone (Java's ``ZoneRouteRPCHook``). Pure."""

from rocketmq_operator.protocol.bodies import TopicRouteData

MODE = "__ZONE_MODE"
NAME = "__ZONE_NAME"


def filtered(route: TopicRouteData, zone: str) -> TopicRouteData:
    """``route`` with the brokers of ``zone`` (any letter case) and those whose master is down."""
    kept = [
        data
        for data in route.broker_datas
        if 0 not in data.broker_addrs or (data.zone_name or "").lower() == zone.lower()
    ]
    dropped = [data for data in route.broker_datas if data not in kept]
    names = {data.broker_name for data in dropped}
    addresses = {address for data in dropped for address in data.broker_addrs.values()}
    filters = route.filter_server_table.items()
    return TopicRouteData(
        kept,
        {address: servers for address, servers in filters if address not in addresses},
        route.order_topic_conf,
        tuple(queue for queue in route.queue_datas if queue.broker_name not in names),
        route.topic_queue_mapping_by_broker,
    )
