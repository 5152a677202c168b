"""``mqadmin``: the commands of RocketMQ's admin tool that work through NameServers."""

import click

from rocketmq_operator import __version__
from rocketmq_operator.admin.cli import AnyCase
from rocketmq_operator.admin.commands import cluster, kv, namesrv


@click.group(cls=AnyCase, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mqadmin")
def main() -> None:
    """Administer NameServers of Apache RocketMQ, ours and the Java ones."""


for command in (
    kv.update_kv_config,
    kv.delete_kv_config,
    namesrv.get_namesrv_config,
    namesrv.update_namesrv_config,
    cluster.cluster_list_command,
    cluster.topic_list_command,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
