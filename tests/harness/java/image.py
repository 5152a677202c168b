"""The image of the Java peers: a JRE, and below /opt/rocketmq what a `Libraries` directory has.

In it are `lib` (the jars), `classes` (our compiled programs) and `logback.xml`, and what makes it
look like Apache's image to whoever starts a NameServer in it: ROCKETMQ_HOME and the NameServer's
file in `conf`. The image may run as any user, on a read-only root.
"""

import shutil
from pathlib import Path
from typing import Final

from harness.images import SYSTEM_PATH, Image, in_place
from harness.java.libraries import HERE, VERSION, Libraries, libraries

IN_IMAGE: Final = Libraries(VERSION, Path("/opt/rocketmq"), "java")
CONTENT: Final = ("lib", "classes", "logback.xml")
HOME: Final = "ROCKETMQ_HOME"
NAMESERVER_LOGBACK: Final = "conf/rmq.namesrv.logback.xml"


def image_context(target: Path) -> None:
    """Lay out the build context of the image in `target`, a new directory: 90 MB and a Dockerfile.

    Raises HarnessError as `libraries` does, FileExistsError.
    """
    target.mkdir(parents=True)
    shutil.copy(HERE / "Dockerfile", target)
    jars = libraries()
    shutil.copytree(jars.directory / "lib", target / "lib")
    shutil.copytree(jars.directory / "classes", target / "classes")
    shutil.copy(jars.logback, target)


def embedded_image() -> Image:
    """The image as the embedded node knows it: this machine's Java, and the jars of the cache.

    Raises HarnessError as `libraries` does.
    """
    jars = libraries()
    home = Path(jars.java).resolve().parents[1]
    # Debian keeps what a JRE reads at its start in /etc.
    outside = {file.resolve().parent for file in (home / "conf").rglob("*")} - {home}
    return Image(
        binds={
            **in_place([home, *sorted(outside)]),
            **{str(IN_IMAGE.directory / name): str(jars.directory / name) for name in CONTENT},
            str(IN_IMAGE.directory / NAMESERVER_LOGBACK): str(jars.logback),
        },
        env={"PATH": f"{home / 'bin'}:{SYSTEM_PATH}", HOME: str(IN_IMAGE.directory)},
    )
