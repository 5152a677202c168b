"""Where the container of a server has its files."""

from typing import Final

SEED_DIR: Final = "/etc/rocketmq/seed"
DATA_DIR: Final = "/var/lib/rocketmq"
TEMPORARY_DIR: Final = "/tmp"
