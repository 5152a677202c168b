"""Real Java peers of Apache RocketMQ: NameServer, broker, mqadmin, producer and consumer.

Each process has a directory of its own and a loopback address that nobody else uses, and dies
with this process. Start flags and their reasons are in `jvm.py`.
"""

from harness.java.clients import Consumed, Mqadmin, Produced, consume, produce, read_kv
from harness.java.libraries import VERSION, Libraries, libraries
from harness.java.servers import Broker, NameServer, answers, knows_broker

__all__ = [
    "VERSION",
    "Broker",
    "Consumed",
    "Libraries",
    "Mqadmin",
    "NameServer",
    "Produced",
    "answers",
    "consume",
    "knows_broker",
    "libraries",
    "produce",
    "read_kv",
]
