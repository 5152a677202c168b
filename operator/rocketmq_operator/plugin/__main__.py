"""``python -m rocketmq_operator.plugin``."""

from rocketmq_operator.plugin.cli import main

main()
