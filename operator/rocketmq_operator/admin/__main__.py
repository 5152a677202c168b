"""``mqadmin``: the commands of RocketMQ's admin tool that work through NameServers."""

from rocketmq_operator.admin.cli import main

if __name__ == "__main__":
    main(prog_name="mqadmin")
