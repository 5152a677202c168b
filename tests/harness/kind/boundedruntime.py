#!/usr/bin/env python3
"""runc for machines that lack CAP_SYS_RESOURCE themselves: containers do without it too.

`docker run --privileged` asks for every capability that there is, and runc then refuses the
container. This takes the one out of the container's configuration and becomes runc.
"""

import json
import os
import sys
from pathlib import Path

ABSENT = "CAP_SYS_RESOURCE"


def without(process: dict[str, object]) -> None:
    """Take the capability out of an OCI process (runtime-spec, config.md, "process")."""
    capabilities = process.get("capabilities")
    if isinstance(capabilities, dict):
        for kind, names in capabilities.items():
            capabilities[kind] = [name for name in names if name != ABSENT]


def following(words: list[str], option: str) -> Path | None:
    """The value of an option given as `--option VALUE`."""
    return Path(words[words.index(option) + 1]) if option in words else None


def rewrite(path: Path, key: str | None) -> None:
    """Change a configuration, or a file that is a process itself."""
    configuration = json.loads(path.read_text())
    process = configuration.get(key) if key else configuration
    if process:
        without(process)
        path.write_text(json.dumps(configuration))


def main() -> None:
    """Run runc with the same words."""
    words = sys.argv[1:]
    if bundle := following(words, "--bundle"):
        rewrite(bundle / "config.json", "process")
    if process := following(words, "--process"):
        rewrite(process, None)
    os.execvp("runc", ["runc", *words])


if __name__ == "__main__":
    main()
