"""One NameServer, asked and told from outside, one call at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rocketmq_operator.admin.client import AdminClient

T = TypeVar("T")


class Server:
    """The NameServer at `host:port`; its methods raise what AdminClient raises."""

    def __init__(self, address: str) -> None:
        self.address = address

    def kv(self, namespace: str) -> dict[str, str]:
        """A KV namespace, empty if the server does not know it."""
        return _once(lambda admin: admin.kv_list(self.address, namespace)) or {}

    def put(self, namespace: str, key: str, value: str) -> None:
        """Write a KV entry behind the operator's back."""
        _once(lambda admin: admin.put_kv(self.address, namespace, key, value))

    def config(self, key: str) -> str | None:
        """One configuration value."""
        return _once(lambda admin: admin.get_namesrv_config(self.address)).get(key)

    def set_config(self, key: str, value: str) -> None:
        """Change a configuration value behind the operator's back."""
        _once(lambda admin: admin.update_namesrv_config(self.address, {key: value}))

    def brokers(self) -> set[str]:
        """Addresses of all brokers that it shows."""
        info = _once(lambda admin: admin.cluster_info(self.address))
        return {a for data in info.broker_addr_table.values() for a in data.broker_addrs.values()}


def _once(call: Callable[[AdminClient], Awaitable[T]]) -> T:
    async def run() -> T:
        admin = AdminClient()
        try:
            return await call(admin)
        finally:
            await admin.close()

    return asyncio.run(run())
