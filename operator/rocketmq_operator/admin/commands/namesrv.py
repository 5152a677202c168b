"""The configuration of NameServers: getNamesrvConfig, updateNamesrvConfig."""

import click

from rocketmq_operator.admin.cli import namesrv_option, run
from rocketmq_operator.admin.client import AdminClient
from rocketmq_operator.admin.render import namesrv_config
from rocketmq_operator.admin.targets import addresses, on_every


@click.command("getNamesrvConfig")
@namesrv_option
def get_namesrv_config(namesrv_addr: str | None, seconds: float) -> None:
    """Get configs of name server.

    Example: mqadmin getNamesrvConfig -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        answers: dict[str, dict[str, str]] = {}
        for server in addresses(namesrv_addr):
            answers[server] = await admin.get_namesrv_config(server, timeout=seconds)
        for server, entries in answers.items():
            click.echo("\n".join(namesrv_config(server, entries)))

    run(work)


@click.command("updateNamesrvConfig")
@click.option("-k", "--key", required=True, metavar="<arg>", help="config key")
@click.option("-v", "--value", required=True, metavar="<arg>", help="config value")
@namesrv_option
def update_namesrv_config(key: str, value: str, namesrv_addr: str | None, seconds: float) -> None:
    """Update configs of name server.

    Example: mqadmin updateNamesrvConfig -k orderMessageEnable -v true -n 127.0.0.1:9876
    """

    async def work(admin: AdminClient) -> None:
        servers, entry = addresses(namesrv_addr), {key.strip(): value.strip()}

        async def update(server: str) -> None:
            await admin.update_namesrv_config(server, entry, timeout=seconds)

        await on_every(servers, update)
        click.echo(f"update name server config success![{', '.join(servers)}]")
        click.echo(f"{key.strip()} : {value.strip()}")

    run(work)
