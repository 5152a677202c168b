"""The command: one request or one response, without its encoding."""

import itertools

import msgspec

from rocketmq_operator.protocol.codes import CURRENT_VERSION, LanguageCode

_RESPONSE_BIT = 1
_ONEWAY_BIT = 2
_OPAQUES = itertools.count()


class RemotingCommand(msgspec.Struct, frozen=True, gc=False):
    """What a frame carries. ``ext_fields`` is None when the sender wrote no map at all.

    ``code`` is a request code, or a response code when ``is_response``; ``opaque`` pairs the two.
    An unknown language reads as None. An empty body and no body are the same thing.
    """

    code: int
    flag: int = 0
    opaque: int = 0
    language: LanguageCode | None = LanguageCode.PYTHON
    version: int = CURRENT_VERSION
    remark: str | None = None
    ext_fields: dict[str, str] | None = None
    body: bytes = b""

    @property
    def is_response(self) -> bool:
        """Whether this answers a request."""
        return bool(self.flag & _RESPONSE_BIT)

    @property
    def is_oneway(self) -> bool:
        """Whether the sender wants no answer, not even an error."""
        return bool(self.flag & _ONEWAY_BIT)

    def reply(
        self,
        code: int,
        *,
        remark: str | None = None,
        ext_fields: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> "RemotingCommand":
        """The response to this request: same opaque, response flag alone."""
        return RemotingCommand(
            code, _RESPONSE_BIT, self.opaque, remark=remark, ext_fields=ext_fields, body=body
        )


def request(
    code: int,
    ext_fields: dict[str, str] | None = None,
    body: bytes = b"",
    *,
    oneway: bool = False,
) -> RemotingCommand:
    """A new request with an opaque of its own (31 bits, unique among those in flight)."""
    opaque = next(_OPAQUES) & 0x7FFFFFFF
    flag = _ONEWAY_BIT if oneway else 0
    return RemotingCommand(code, flag, opaque, ext_fields=ext_fields, body=body)
