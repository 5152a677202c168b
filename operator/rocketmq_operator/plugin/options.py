"""What every command takes: where the cluster is, and how its servers are asked."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import click
from click.core import ParameterSource

F = TypeVar("F", bound=Callable[..., Any])


class Way(StrEnum):
    """``--reach``."""

    AUTO = "auto"
    PROXY = "proxy"
    FORWARD = "forward"
    DIRECT = "direct"


@dataclass
class Options:
    """What every command takes."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False
    reach: Way = Way.AUTO
    request_timeout: float = 15.0

    def for_kubectl(self) -> list[str]:
        """Those that name the cluster, for a kubectl that is called."""
        named = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        return [f"{name}={value}" for name, value in named.items() if value]


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    name = str(param.name)
    from_environment = ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT
    # The group has taken what the environment says, and may have been told otherwise.
    if value not in (None, False) and not (from_environment and ctx.parent):
        setattr(ctx.ensure_object(Options), name, value)
    return value


def _option(*names: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_keep, **settings)


def common(function: F) -> F:
    """The options that name the cluster, as kubectl's, and the way to servers."""
    options = [
        _option("--kubeconfig", type=click.Path(), help="Path of the kubeconfig file."),
        _option("--context", help="Context of the kubeconfig."),
        _option("-n", "--namespace", help="Namespace to look in; default: the context's."),
        _option("-A", "--all-namespaces", is_flag=True, help="Look in all namespaces."),
        _option(
            "--reach",
            type=click.Choice([way.value for way in Way]),
            envvar="KUBECTL_NSC_REACH",
            help="How servers are asked: proxy (API server), forward (kubectl port-forward), "
            "direct (from inside the cluster); auto, the default, tries the first two.",
        ),
        _option("--request-timeout", type=click.FloatRange(0.1, 600), metavar="SECONDS",
                help="How long a call of the API may take."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function
