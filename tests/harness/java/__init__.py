"""Real Java peers of Apache RocketMQ: NameServer, broker, mqadmin, producer and consumers.

Each process has a directory of its own and a loopback address that nobody else uses, and dies
with this process. Start flags and their reasons are in `jvm.py`.
"""

from harness.java.clients import (
    Mqadmin,
    View,
    command_lines,
    consume,
    consumer,
    monitor,
    produce,
    read_kv,
    view,
)
from harness.java.libraries import OLD_VERSION, VERSION, Libraries, libraries
from harness.java.servers import Broker, NameServer, answers, knows_broker

__all__ = [
    "OLD_VERSION",
    "VERSION",
    "Broker",
    "Libraries",
    "Mqadmin",
    "NameServer",
    "View",
    "answers",
    "command_lines",
    "consume",
    "consumer",
    "knows_broker",
    "libraries",
    "monitor",
    "produce",
    "read_kv",
    "view",
]
