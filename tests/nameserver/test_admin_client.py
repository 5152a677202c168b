"""The typed client against a real server process."""

import pytest

from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.errors import ResponseError, TransportError


@pytest.fixture
async def admin():
    client = AdminClient()
    yield client
    await client.close()


async def test_brokers_topics_and_routes(start, connect, registration, admin):
    server = start()
    peer = connect(server.address)
    peer.ask(registration())
    info = await admin.cluster_info(server.address)
    assert info.broker_addr_table["ba"].broker_addrs == {0: "10.0.0.1:10911"}
    assert info.cluster_addr_table == {"C1": ["ba"]}
    assert await admin.topic_list(server.address) == ["A", "B"]
    route = await admin.topic_route(server.address, "A")
    assert route.queue_datas[0].broker_name == "ba"
    assert await admin.topic_route(server.address, "missing") is None


async def test_kv_and_configuration(start, admin):
    address = start("--data-dir", str(start.directory)).address
    assert await admin.kv_list(address, "ns") is None
    await admin.put_kv(address, "ns", "k", "v ü\n=#")
    assert await admin.get_kv(address, "ns", "k") == "v ü\n=#"
    await admin.delete_kv(address, "ns", "k")
    assert await admin.get_kv(address, "ns", "k") is None
    assert await admin.kv_list(address, "ns") == {}
    await admin.update_namesrv_config(address, {"productEnvName": "a b\\c"})
    assert (await admin.get_namesrv_config(address))["productEnvName"] == "a b\\c"


async def test_a_refusal_tells_code_remark_and_who(start, admin):
    address = start().address
    with pytest.raises(ResponseError, match="black list") as caught:
        await admin.update_namesrv_config(address, {"kvConfigPath": "/x"})
    assert (caught.value.code, caught.value.address) == (16, address)


async def test_a_restarted_server_is_reached_again(start, admin):
    server = start()
    await admin.topic_list(server.address)
    server.stop()
    with pytest.raises(TransportError):
        await admin.topic_list(server.address)
    start("--listen", server.address)
    assert await admin.topic_list(server.address) == []


async def test_unused_connections_are_closed(start):
    one, two = start(), start()
    admin = AdminClient(idle_seconds=0.0)
    await admin.topic_list(one.address)
    await admin.topic_list(two.address)
    await admin.topic_list(two.address)
    assert "rocketmq_nameserver_connections 0" in one.get("/metrics")[1]
    await admin.close()
