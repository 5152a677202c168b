"""`python -m harness.node`: the node as a process of its own, started by the embedded cluster."""

import argparse
import asyncio
import logging
from pathlib import Path

from harness.node.agent import Agent, AgentSettings
from harness.node.api import Api


def main() -> None:
    """Run until killed."""
    parser = argparse.ArgumentParser(prog="harness.node")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--run-dir", type=Path, required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--bwrap", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--block", type=int, default=0)
    parser.add_argument("--renew", action="store_true", help="show the API that the node lives")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_run(AgentSettings(**vars(parser.parse_args()))))


async def _run(settings: AgentSettings) -> None:
    async with Api(settings.kubeconfig) as api:
        await Agent(settings, api).run()


if __name__ == "__main__":
    main()
