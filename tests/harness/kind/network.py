"""The network of a kind cluster, closed to the outside before anything is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from harness.errors import HarnessError
from harness.kind.engine import Engine

NETWORK: Final = "rocketmq-kind"
BRIDGE: Final = "rocketmq-kind0"
"""At most 15 characters."""
CHAIN: Final = "DOCKER-USER"
"""Where Docker leaves room for rules of others, before its own."""
RULE: Final = ("-i", BRIDGE, "!", "-o", BRIDGE, "-j", "REJECT")
VARIANTS: Final = ("iptables-nft", "iptables-legacy")


@contextmanager
def closed_network(engine: Engine, tools: str) -> Iterator[str]:
    """The name of a network whose containers reach each other and this machine, nobody else.

    An isolated engine needs no rule. For another one `tools` is an image with iptables, which
    sets the rule from a container, so that nobody has to be root here.
    """
    _remove(engine)
    option = f"com.docker.network.bridge.name={BRIDGE}"
    engine.docker("network", "create", "--driver=bridge", f"--opt={option}", NETWORK)
    try:
        if engine.isolated:
            yield NETWORK
        else:
            with _rule(engine, tools):
                yield NETWORK
    finally:
        _remove(engine)


def _remove(engine: Engine) -> None:
    if engine.attempt("network", "inspect", NETWORK).returncode == 0:
        engine.docker("network", "rm", NETWORK)


@contextmanager
def _rule(engine: Engine, tools: str) -> Iterator[None]:
    variant = _variant(engine, tools)
    while _iptables(engine, tools, variant, "-D", CHAIN, *RULE):
        pass  # what a killed run left
    if not _iptables(engine, tools, variant, "-I", CHAIN, *RULE):
        raise HarnessError(f"the rule {' '.join(RULE)} cannot be put into {CHAIN}")
    try:
        yield
    finally:
        _iptables(engine, tools, variant, "-D", CHAIN, *RULE)


def _variant(engine: Engine, tools: str) -> str:
    """The iptables that the engine uses itself: the one that has its chain."""
    for variant in VARIANTS:
        if _iptables(engine, tools, variant, "-L", CHAIN, "-n"):
            return variant
    raise HarnessError(
        f"the engine has no chain {CHAIN}, so the cluster's network cannot be closed to the "
        "outside; start dockerd with --iptables=true (the default)"
    )


def _iptables(engine: Engine, tools: str, variant: str, *words: str) -> bool:
    flags = ("--rm", "--network=host", "--cap-add=NET_ADMIN", "--cap-add=NET_RAW")
    done = engine.attempt("run", *flags, f"--entrypoint={variant}", tools, *words)
    return done.returncode == 0
