"""Images that pods of a cluster name, and what the embedded node takes them for."""

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

PRODUCT_IMAGE = "rocketmq-operator:0.1.0"
COMPLETION = "kubectl_complete-nsc"
PROGRAMS = ("kubectl-nsc", COMPLETION, "mqadmin", "rocketmq-nameserver", "rocketmq-operator")
"""What the product installs, in its image as anywhere."""
JAVA_IMAGE = "rocketmq-java:5.3.3"
REPOSITORY = Path(__file__).resolve().parents[2]
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a kubelet's runtime makes of a short name.
DEFAULT_REGISTRY = "docker.io/library/"


class Images(ABC):
    """References that pods of a cluster can name; the product's image is there from the start."""

    @abstractmethod
    def add(self, reference: str) -> None:
        """Make a reference known as another name of the product's image."""

    @abstractmethod
    def remove(self, reference: str) -> None:
        """Forget a reference; running containers are not touched. Raises KeyError."""

    @abstractmethod
    def __contains__(self, reference: str) -> bool:
        """Whether pods that name the reference can start."""


@dataclass(frozen=True)
class Image:
    """An image is a set of paths of this machine, each seen read-only at a path in the container.

    `binds` has the path of this machine by the path in the container.
    """

    binds: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: int = 65532
    working_dir: str = "/"


def in_place(paths: Iterable[Path | str]) -> dict[str, str]:
    """Binds of paths that a container sees where this machine has them."""
    return {str(path): str(path) for path in paths}


def product_image(env: dict[str, str] | None = None) -> Image:
    """The product as it is in this checkout, run by this interpreter's virtual environment."""
    environment = Path(sys.prefix)
    return Image(
        binds=in_place((environment, sys.base_prefix, REPOSITORY / "operator")),
        env={"PATH": f"{environment / 'bin'}:{SYSTEM_PATH}", "PYTHONUNBUFFERED": "1"} | (env or {}),
    )


class ImageStore(Images):
    """Image references that exist for a cluster's node, in a file that the node reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: dict[str, Image] = {}
        self.add(PRODUCT_IMAGE, product_image())

    def add(self, reference: str, image: Image | None = None) -> None:
        """Make a reference known as a name of `image`, by default of the product's image."""
        self._images[reference] = image or product_image()
        self._write()

    def remove(self, reference: str) -> None:
        del self._images[reference]
        self._write()

    def __contains__(self, reference: str) -> bool:
        return reference in self._images

    def _write(self) -> None:
        text = json.dumps({name: asdict(image) for name, image in self._images.items()})
        scratch = self._path.with_suffix(".new")
        scratch.write_text(text)
        os.replace(scratch, self._path)


def read_images(path: Path) -> dict[str, Image]:
    """The images in a file that an ImageStore wrote."""
    stored = json.loads(path.read_text())
    return {name: _image(fields) for name, fields in stored.items()}


def _image(fields: dict[str, object]) -> Image:
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Image(**(fields | lists))  # type: ignore[arg-type]  # written by asdict(Image)
