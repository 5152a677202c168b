"""Every error this project raises on purpose.

::

    RocketMQError
    ├─ ProtocolError        a peer sent bytes that are not the protocol
    │   ├─ FrameError       length or layout of a frame
    │   ├─ HeaderError      header
    │   └─ BodyError        body (JSON, properties, ...)
    ├─ TransportError       the network
    │   ├─ ConnectFailed
    │   ├─ ConnectionLost
    │   └─ RequestTimeout
    ├─ ResponseError        the peer understood and refused
    ├─ SettingsError        our own command line or files are wrong; the message is for a person
    ├─ StorageError         a file of ours cannot be read or written; the message names path and fix
    └─ SpecError            a custom resource is wrong
"""


class RocketMQError(Exception):
    """Base of all errors of this project."""


class ProtocolError(RocketMQError):
    """A peer sent bytes that are not the RocketMQ remoting protocol."""


class FrameError(ProtocolError):
    """The length or the layout of a frame is wrong; the stream cannot be read any further."""


class HeaderError(ProtocolError):
    """A frame's header cannot be read."""


class BodyError(ProtocolError):
    """A body (JSON, properties, compressed registration) cannot be read."""


class TransportError(RocketMQError):
    """The network did not carry a request or its answer."""


class ConnectFailed(TransportError):
    """No connection to the address could be opened in time."""


class ConnectionLost(TransportError):
    """The connection ended while a call was waiting for its answer."""


class RequestTimeout(TransportError):
    """The peer did not answer within the caller's deadline."""


class ResponseError(RocketMQError):
    """A peer answered with a code other than success.

    ``code`` is the response code, ``remark`` the peer's words, ``address`` who said it.
    """

    def __init__(self, code: int, remark: str | None, address: str) -> None:
        super().__init__(f"{address} answered code {code}: {remark or 'no remark'}")
        self.code = code
        self.remark = remark
        self.address = address


class SettingsError(RocketMQError):
    """Command line, environment or a settings file is wrong; the message tells a person the fix."""


class StorageError(RocketMQError):
    """A file of ours cannot be read or written; the message names the path and the fix."""


class SpecError(RocketMQError):
    """A custom resource is wrong at ``path`` for ``reason``."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
