"""Which NameServers a command goes to, and what becomes of failures of some of them."""

import sys
from collections.abc import Awaitable, Callable, Sequence

from rocketmq_operator.errors import ResponseError, SettingsError, TransportError
from rocketmq_operator.transport.client import split_address


def addresses(text: str | None) -> list[str]:
    """The servers in ``a:9876;b:9876``, in order.

    ``http://host:port`` as the whole value is taken for ``host:port``
    (``NameServerAddressUtils``). Raises SettingsError for none, and for what is no address.
    """
    if not text:
        raise SettingsError(
            "no NameServer given: add -n HOST:9876;HOST:9876 or set NAMESRV_ADDR; for a "
            "NameServerCluster: kubectl get nsc NAME -o jsonpath='{.status.addresses.namesrvAddr}'"
        )
    if text.startswith("http://"):
        text = text.rstrip("/").rpartition("/")[2]
    found = [part for part in text.split(";") if part]
    for address in found:
        split_address(address)
    return found


async def on_every(servers: Sequence[str], call: Callable[[str], Awaitable[None]]) -> None:
    """Call each server, one after another.

    As Java's tools do: a server that refuses does not keep the others from being asked, and the
    last refusal is raised at the end; a server that cannot be reached ends the command at once.
    Every failure is named on stderr. Raises ResponseError and TransportError.
    """
    refusal: ResponseError | None = None
    for number, server in enumerate(servers):
        try:
            await call(server)
        except ResponseError as error:
            print(f"mqadmin: {error}", file=sys.stderr)  # noqa: T201 - stderr is for people
            refusal = error
        except TransportError as error:
            left = "; ".join(servers[number + 1 :])
            note = f" (not asked: {left})" if left else ""
            raise type(error)(f"{error}{note}") from error
    if refusal is not None:
        raise refusal
