"""The images of the product and of the Java peers, built in an engine."""

import re
import tempfile
from pathlib import Path
from typing import Final

from harness.errors import HarnessError
from harness.images import JAVA_IMAGE, PRODUCT_IMAGE
from harness.java.image import image_context
from harness.kind import rootfs
from harness.kind.engine import Engine
from harness.kind.nodeimage import import_root
from harness.wheels import ROOT, build_context

DEBIAN_PYTHON: Final = "3.11"
"""Of the release that `rootfs` takes its packages from."""


def default_python() -> str:
    """The version of the Python that the Dockerfile builds on where it is told nothing else."""
    text = (ROOT / "Dockerfile").read_text()
    found = re.search(r"^ARG BASE=python:(\d+\.\d+)", text, re.MULTILINE)
    if found is None:
        raise HarnessError(f"{ROOT / 'Dockerfile'} names no Python image as its BASE")
    return found[1]


def build_product(engine: Engine, *, offline: bool) -> None:
    """Build PRODUCT_IMAGE of this checkout; the locked wheels come from the cache."""
    with tempfile.TemporaryDirectory(prefix="product-image-") as scratch:
        context = Path(scratch, "context")
        build_context(context, DEBIAN_PYTHON if offline else default_python())
        base = {"BASE": import_root(engine, rootfs.PYTHON)} if offline else {}
        engine.build(context, PRODUCT_IMAGE, PIP_NO_INDEX="1", **base)


def build_java(engine: Engine, *, offline: bool) -> None:
    """Build JAVA_IMAGE."""
    with tempfile.TemporaryDirectory(prefix="java-image-") as scratch:
        context = Path(scratch, "context")
        image_context(context)
        jre = {"JRE": import_root(engine, rootfs.JRE)} if offline else {}
        engine.build(context, JAVA_IMAGE, **jre)
