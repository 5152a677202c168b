"""KV entries on every NameServer: updateKvConfig, deleteKvConfig."""

import click

from rocketmq_operator.admin.cli import namesrv_option, run
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.admin.targets import addresses, on_every

namespace_option = click.option(
    "-s", "--namespace", required=True, metavar="<arg>", help="set the namespace"
)
key_option = click.option("-k", "--key", required=True, metavar="<arg>", help="set the key name")


@click.command("updateKvConfig")
@namespace_option
@key_option
@click.option("-v", "--value", required=True, metavar="<arg>", help="set the key value")
@namesrv_option
def update_kv_config(
    namespace: str, key: str, value: str, namesrv_addr: str | None, seconds: float
) -> None:
    """Create or update KV config.

    Example: mqadmin updateKvConfig -s app -k limit -v 100 -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        async def put(server: str) -> None:
            await admin.put_kv(
                server, namespace.strip(), key.strip(), value.strip(), timeout=seconds
            )

        await on_every(addresses(namesrv_addr), put)
        click.echo("create or update kv config to namespace success.")

    run(work)


@click.command("deleteKvConfig")
@namespace_option
@key_option
@namesrv_option
def delete_kv_config(namespace: str, key: str, namesrv_addr: str | None, seconds: float) -> None:
    """Delete KV config.

    Example: mqadmin deleteKvConfig -s app -k limit -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        async def delete(server: str) -> None:
            await admin.delete_kv(server, namespace.strip(), key.strip(), timeout=seconds)

        await on_every(addresses(namesrv_addr), delete)
        click.echo("delete kv config from namespace success.")

    run(work)
