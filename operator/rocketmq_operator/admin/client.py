"""The admin client: everything that can be asked of NameServers and brokers.

::

    admin = AdminClient()
    try:
        print(await admin.cluster_info("127.0.0.1:9876"))
    finally:
        await admin.close()
"""

from rocketmq_operator.admin.broker import BrokerCalls
from rocketmq_operator.admin.nameserver import NameServerCalls


class AdminClient(NameServerCalls, BrokerCalls):
    """Typed calls to any number of servers, one connection to each; see :class:`Connections`."""
