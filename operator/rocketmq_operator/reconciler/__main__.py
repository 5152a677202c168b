"""``rocketmq-operator``: the command line of the operator."""

import asyncio
import json
import os
import socket
import sys
import uuid
from typing import TextIO

import click
import uvloop

from rocketmq_operator import __version__
from rocketmq_operator.errors import RocketMQError, SettingsError
from rocketmq_operator.reconciler import logs, manifests, render
from rocketmq_operator.reconciler.conversion import Conversion, convert
from rocketmq_operator.reconciler.foresight import Foresight
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.kube.livestate import foresee_live
from rocketmq_operator.reconciler.lifecycle import Settings, run_operator
from rocketmq_operator.reconciler.spec import Flavor

OPERATOR_NAMESPACE = "rocketmq-system"
nameserver_image = click.option(
    "--nameserver-image",
    envvar="NAMESERVER_IMAGE",
    default=f"rocketmq-operator:{__version__}",
    show_default=True,
    help="Image of NameServers whose spec names none.",
)
LEVELS = click.Choice(["debug", "info", "warning", "error"])


@click.group()
@click.version_option(__version__, prog_name="rocketmq-operator")
def cli() -> None:
    """Operate NameServers of Apache RocketMQ on Kubernetes.

    Beside it are rocketmq-nameserver, the server that it runs, and mqadmin.
    """


@cli.command()
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    envvar="WATCH_NAMESPACES",
    help="Watch this namespace only; repeat for several. Default: all namespaces.",
)
@click.option(
    "--lease-namespace",
    envvar="POD_NAMESPACE",
    default=OPERATOR_NAMESPACE,
    show_default=True,
    help="Where the operator runs: has the Lease by which replicas elect their leader, and "
    "NetworkPolicies of servers let the operator in from there.",
)
@nameserver_image
@click.option(
    "--http", default="0.0.0.0:8081", show_default=True, help="HOST:PORT for probes and metrics."
)
@click.option("--log-level", type=LEVELS, envvar="LOG_LEVEL", default="info", show_default=True)
@click.option(
    "--log-format",
    type=click.Choice(logs.FORMATS),
    envvar="LOG_FORMAT",
    default="plain",
    show_default=True,
)
def run(
    namespaces: tuple[str, ...],
    lease_namespace: str,
    nameserver_image: str,
    http: str,
    log_level: str,
    log_format: str,
) -> None:
    """Run the operator until it is told to stop."""
    logs.configure(log_level, log_format)
    host, port = _address(http)
    identity = f"{os.environ.get('POD_NAME') or socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    settings = Settings(namespaces, lease_namespace, identity, nameserver_image, host, port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_operator(settings))


files = click.option(
    "-f",
    "--filename",
    "file",
    type=click.File(encoding="utf-8"),
    required=True,
    help="Manifests; - for standard input.",
)
default_namespace = click.option(
    "-n",
    "--namespace",
    default="default",
    show_default=True,
    help="Namespace of manifests that name none.",
)
operator_namespace_option = click.option(
    "--operator-namespace",
    default=OPERATOR_NAMESPACE,
    show_default=True,
    help="Where the operator runs, or will.",
)


@cli.command("render")
@files
@default_namespace
@operator_namespace_option
@nameserver_image
def render_command(
    file: TextIO, namespace: str, operator_namespace: str, nameserver_image: str
) -> None:
    """Print all objects that the operator makes of NameServerClusters. Needs no cluster.

    The rules that the API server checks, of kubectl apply --dry-run=server, are not checked.

    Example: rocketmq-operator render -f production.yaml
    """
    given = manifests.read(file.read(), namespace)
    objects = render.children(given, nameserver_image, operator_namespace)
    click.echo("---\n" + render.to_yaml(objects), nl=False)


@cli.command("plan")
@files
@default_namespace
@operator_namespace_option
@nameserver_image
@click.option("--kubeconfig", help="How to reach the cluster. Default: KUBECONFIG.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def plan_command(
    file: TextIO,
    namespace: str,
    operator_namespace: str,
    nameserver_image: str,
    kubeconfig: str | None,
    output: str,
) -> None:
    """Say what NameServerClusters and NameServerKVConfigs in a file would change. Changes nothing.

    It tells which objects are made, changed and deleted, what is written to servers while they
    run, and which pods are replaced and why.

    Example: rocketmq-operator plan -f production.yaml
    """

    async def work() -> list[Foresight]:
        api = await KubeApi.connect(kubeconfig=kubeconfig)
        try:
            given = manifests.read(file.read(), namespace)
            return [
                await foresee_live(api, given, key, nameserver_image, operator_namespace)
                for key in given.concerned
            ]
        finally:
            await api.close()

    for seen in asyncio.run(work()):
        click.echo(seen.to_json() if output == "json" else seen.to_text(), nl=output == "json")


@cli.command("convert")
@click.option(
    "-f",
    "--filename",
    "files",
    type=click.File(encoding="utf-8"),
    required=True,
    multiple=True,
    help="Manifests; - for standard input. Repeat for several.",
)
@click.option(
    "--flavor",
    type=click.Choice([each.value for each in Flavor]),
    default=Flavor.NATIVE.value,
    show_default=True,
    help="Which servers the result has.",
)
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml")
def convert_command(files: tuple[TextIO, ...], flavor: str, output: str) -> None:
    """Turn NameServers of others into NameServerClusters. Needs no cluster, changes nothing.

    Read are NameServices of apache/rocketmq-operator, StatefulSets and Deployments that run
    mqnamesrv, and what belongs to them: their ConfigMap, Services, PodDisruptionBudget, and the
    kvConfig.json of a server. What cannot be taken over is said on stderr.

    Example: kubectl get statefulset,service,configmap -o yaml | rocketmq-operator convert -f -
    """
    found = convert([(file.name, file.read()) for file in files], Flavor(flavor))
    for remark in found.remarks:
        click.echo(remark, err=True)
    click.echo(_manifests(found, output), nl=False)


def _manifests(found: Conversion, output: str) -> str:
    if output == "yaml":
        return render.to_yaml(found.clusters)
    one, *others = found.clusters
    listed = {"apiVersion": "v1", "kind": "List", "items": [one, *others]}
    return json.dumps(listed if others else one, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Console entry point; exit code 1 with one line of text for errors of our own."""
    try:
        cli()
    except RocketMQError as error:
        sys.exit(f"rocketmq-operator: {error}")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"--http {text!r}: want HOST:PORT, for example 0.0.0.0:8081")
    return host, int(port)


if __name__ == "__main__":
    main()
