"""The commands by name, with the modules that they are in, so that only one of them is loaded."""

from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A module of ``admin.commands`` that has a ``COMMANDS`` by name, and what the command does."""

    module: str
    description: str


CATALOGUE: Final = {
    "updateTopic": Entry("topic", "Update or create topic."),
    "deleteTopic": Entry("topic", "Delete topic from broker and NameServer."),
    "updateBrokerConfig": Entry("broker", "Update broker's config."),
    "topicRoute": Entry("topic", "Examine topic route info."),
    "topicClusterList": Entry("topic", "Get cluster info for topic."),
    "brokerStatus": Entry("broker", "Fetch broker runtime status data."),
    "consumerProgress": Entry("consumer", "Query consumer's progress, speed."),
    "clusterList": Entry("cluster", "List cluster infos."),
    "topicList": Entry("topic", "Fetch all topic list from name server."),
    "updateKvConfig": Entry("kv", "Create or update KV config."),
    "deleteKvConfig": Entry("kv", "Delete KV config."),
    "wipeWritePerm": Entry(
        "namesrv",
        "Wipe write perm of broker in all name server you defined in the -n param.",
    ),
    "addWritePerm": Entry(
        "namesrv",
        "Add write perm of broker in all name server you defined in the -n param.",
    ),
    "updateOrderConf": Entry("kv", "Create or update or delete order conf."),
    "startMonitoring": Entry("monitoring", "Start Monitoring."),
    "statsAll": Entry("consumer", "Topic and Consumer tps stats."),
    "getNamesrvConfig": Entry("namesrv", "Get configs of name server."),
    "updateNamesrvConfig": Entry("namesrv", "Update configs of name server."),
    "getBrokerConfig": Entry("broker", "Get broker config by cluster or special broker."),
    "getKvConfig": Entry("kv", "Get one KV entry from every name server."),
    "listKvConfig": Entry("kv", "List a KV namespace as every name server has it."),
    "diffNamesrvConfig": Entry("namesrv", "Show where configs of name servers differ."),
}
"""In the order in which Java's mqadmin lists them; what it has not is at the end."""
