"""What the image is built from and called, as far as it shows without a Docker engine."""

import os
import re
import shlex
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness import wheels
from harness.cluster import Cluster
from harness.images import PRODUCT_IMAGE, PROGRAMS
from rocketmq_operator import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DOCUMENT = (ROOT / "docs/image.md").read_text()


def locked(name: str) -> dict[str, str]:
    """Each package of a lock with its version, marker and hashes."""
    text = (ROOT / f"{name}.lock").read_text().replace("\\\n", "")
    return {line.split("==")[0]: line for line in text.splitlines()}


def needed(name: str, found: set[str]) -> set[str]:
    """What a distribution installed here needs, and what that needs; added to `found`."""
    for text in distribution(name).requires or ():
        required = Requirement(text)
        package = canonicalize_name(required.name)
        if package in found or (required.marker and not required.marker.evaluate({"extra": ""})):
            continue
        found.add(package)
        needed(package, found)
    return found


def test_the_runtime_lock_has_what_the_product_needs_and_no_more() -> None:
    assert set(locked("requirements-runtime")) == needed(PROJECT["project"]["name"], set())


def test_the_build_lock_has_what_the_wheel_is_built_with() -> None:
    (backend,) = PROJECT["build-system"]["requires"]
    assert Requirement(backend).name in locked("requirements-build")


def test_the_locks_agree() -> None:
    parts = locked("requirements-runtime") | locked("requirements-build")
    everything = locked("requirements")
    assert {name: everything.get(name) for name in parts} == parts


def test_the_build_gets_what_it_copies_and_nothing_else() -> None:
    copied = [
        source.replace("[s]", "s")
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    ]
    assert sorted(copied) == sorted(wheels.allowed())
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_a_context_with_wheels_is_all_that_a_build_needs(tmp_path: Path) -> None:
    context = wheels.build_context(tmp_path / "context")
    names = {path.name for path in context.iterdir()}
    assert names == {*wheels.allowed(), "Dockerfile"}
    assert not list(context.rglob("__pycache__"))
    fetched = {path.name.split("-")[0].replace("_", "-") for path in context.glob("wheels/*.whl")}
    wanted = locked("requirements-runtime") | locked("requirements-build")
    assert {canonicalize_name(name) for name in fetched} == set(wanted)


def test_the_image_is_called_by_the_version() -> None:
    deployment = yaml.safe_load((ROOT / "manifests/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == PRODUCT_IMAGE == f"rocketmq-operator:{__version__}"
    assert PROJECT["project"]["version"] == __version__
    assert f'image.version="{__version__}"' in DOCKERFILE
    assert f'image.description="{PROJECT["project"]["description"]}"' in DOCKERFILE


def test_every_program_is_in_the_document() -> None:
    documented = re.findall(r"^\| `([\w-]+) [^|]*` \|", DOCUMENT, re.MULTILINE)
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    installed = [*PROJECT["project"]["scripts"], *wheel["shared-scripts"].values()]
    assert sorted(documented) == sorted(installed) == list(PROGRAMS)


def test_every_build_argument_is_in_the_document() -> None:
    arguments = set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
    assert arguments == {name for name in arguments if f"`{name}" in DOCUMENT}


def test_wheels_are_fetched_with_the_python_of_the_base() -> None:
    base = re.search(r"^ARG BASE=(\S+)@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)
    assert base is not None
    assert f"-w /src {base[1]} pip download" in DOCUMENT


def test_one_name_in_a_kustomization_names_both_images(kubernetes: Cluster, tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    manifests = os.path.relpath(ROOT / "manifests", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(example.replace("../manifests", manifests))
    built = yaml.safe_load_all(kubernetes.kubectl("kustomize", tmp_path).stdout)
    (deployment,) = [each for each in built if each["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    env = {entry["name"]: entry.get("value") for entry in container["env"]}
    expected = "registry.example.com/rocketmq/operator:1.2"
    assert (container["image"], env["NAMESERVER_IMAGE"]) == (expected, expected)
