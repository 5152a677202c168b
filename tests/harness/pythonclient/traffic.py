"""Produce or consume numbered messages with the PyPI client `rocketmq`; print what happened.

Usage: traffic.py produce|push|pull key=value...; exit code 0 if all of it was done in time. It
runs by itself, with that client on the module path.
"""

import json
import sys
import threading
import time

from rocketmq.client import (  # type: ignore[import-not-found]  # installed apart, in the cache
    Message,
    Producer,
    PullConsumer,
    PushConsumer,
    SendStatus,
)
from rocketmq.exceptions import RocketMQException  # type: ignore[import-not-found]  # as above


class Received:
    """Messages in all, and different ones by their bodies."""

    def __init__(self, wanted: int) -> None:
        self.all_there = threading.Event()
        self._wanted = wanted
        self._count = 0
        self._bodies: set[bytes] = set()
        self._lock = threading.Lock()

    def add(self, body: bytes) -> None:
        """Count one message."""
        with self._lock:
            self._count += 1
            self._bodies.add(body)
            if len(self._bodies) >= self._wanted:
                self.all_there.set()

    def told(self) -> dict[str, int]:
        """What to print."""
        return {"received": self._count, "distinct": len(self._bodies)}


def produce(options: dict[str, str], end: float) -> bool:
    """Send numbered messages until all are stored or the time is over."""
    producer = Producer(options["group"])
    producer.set_namesrv_addr(options["namesrv"])
    producer.start()
    count, sent, failed, last_error = int(options["count"]), 0, 0, ""
    while sent < count and time.monotonic() < end:
        message = Message(options["topic"])
        message.set_body(str(sent))
        try:
            if producer.send_sync(message).status == SendStatus.OK:
                sent += 1
                time.sleep(int(options["pause"]) / 1000)
                continue
        except RocketMQException as error:
            last_error = repr(error)
        failed += 1
        time.sleep(0.2)
    producer.shutdown()
    print(json.dumps({"sent": sent, "failed": failed, "lastError": last_error}))
    return sent == count


def push(options: dict[str, str], end: float) -> bool:
    """Consume as the broker's messages come."""
    got = Received(int(options["count"]))
    consumer = PushConsumer(options["group"])
    consumer.set_namesrv_addr(options["namesrv"])
    consumer.subscribe(options["topic"], lambda message: got.add(message.body))
    consumer.start()
    done = got.all_there.wait(max(0.0, end - time.monotonic()))
    consumer.shutdown()
    print(json.dumps(got.told()))
    return done


def pull(options: dict[str, str], end: float) -> bool:
    """Consume queue by queue, from each queue's start, again and again."""
    got = Received(int(options["count"]))
    consumer = PullConsumer(options["group"])
    consumer.set_namesrv_addr(options["namesrv"])
    consumer.start()
    while not got.all_there.is_set() and time.monotonic() < end:
        for message in consumer.pull(options["topic"]):
            got.add(message.body)
    consumer.shutdown()
    print(json.dumps(got.told()))
    return got.all_there.is_set()


def main() -> int:
    """Do what the command line says."""
    options = dict(word.split("=", 1) for word in sys.argv[2:])
    end = time.monotonic() + int(options["deadline"])
    work = {"produce": produce, "push": push, "pull": pull}[sys.argv[1]]
    return 0 if work(options, end) else 1


if __name__ == "__main__":
    sys.exit(main())
