"""One plain connection to a server, for what a well-behaved client would not do or show."""

import socket
from types import TracebackType
from typing import Self

from rocketmq_operator.protocol import bodies, headers, properties
from rocketmq_operator.protocol.bodies import KVTable
from rocketmq_operator.protocol.codes import RequestCode, ResponseCode
from rocketmq_operator.protocol.command import RemotingCommand, request
from rocketmq_operator.protocol.framing import FrameDecoder


class Connection:
    """A connection to `host:port` on which every wait ends after `timeout` seconds.

    Its methods raise OSError: ConnectionError if the server closed, TimeoutError if it is silent.
    """

    def __init__(self, address: str, *, timeout: float = 10.0) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout)
        self._decoder = FrameDecoder()
        self._waiting: list[bytes] = []

    def send(self, *commands: RemotingCommand) -> None:
        """Send requests in one go, without waiting for any answer."""
        self.socket.sendall(b"".join(map(headers.encode, commands)))

    def receive(self) -> RemotingCommand:
        """The next answer."""
        while not self._waiting:
            data = self.socket.recv(1 << 20)
            if not data:
                raise ConnectionError("closed by the server")
            self._waiting += self._decoder.feed(data)
        return headers.decode(self._waiting.pop(0))

    def tell(self, code: int, body: bytes = b"", **fields: str) -> RemotingCommand:
        """Ask a request by its code and ext fields; nothing else may be on its way."""
        self.send(request(code, fields, body))
        return self.receive()

    def kv(self, namespace: str) -> dict[str, str] | None:
        """A KV namespace, None if the server has none of that name."""
        answer = self.tell(RequestCode.GET_KVLIST_BY_NAMESPACE, namespace=namespace)
        if answer.code == ResponseCode.QUERY_NOT_FOUND:
            return None
        return bodies.decode(answer.body, KVTable).table

    def configuration(self) -> dict[str, str]:
        """All properties of the server."""
        return properties.parse_raw(self.tell(RequestCode.GET_NAMESRV_CONFIG).body.decode())

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
