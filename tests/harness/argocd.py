"""Argo CD's customizations for our kinds: run as Argo CD runs them, and put into its ConfigMap."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import lupa.lua51
import yaml

from harness.gobuild import GoModule, GoProgram
from harness.product import MANIFESTS

DIRECTORY: Final = MANIFESTS / "argocd"
CUSTOMIZATIONS: Final = DIRECTORY / "resource_customizations"
CONFIG_MAP: Final = DIRECTORY / "argocd-cm.yaml"
HEAD: Final = """\
# Made from resource_customizations by `make generated`. It teaches Argo CD the health of our kinds
# and actions on them: kubectl -n argocd patch configmap argocd-cm --patch-file argocd-cm.yaml
"""
GOPHER: Final = GoProgram(
    "lua",
    GoModule(Path(__file__).parent / "lua", ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")),
    also=["script/script.go"],
)
TIMEOUT: Final = 30.0
CLOSED: Final = ("string", "math", "io", "debug", "coroutine", "loadfile", "dofile")
"""What Argo CD's scripts do not have."""
Object = dict[str, Any]


def by_gopher(script: str, obj: Object) -> Any:
    """What a script makes of an object in Argo CD's own Lua. Raises CalledProcessError."""
    done = subprocess.run(
        [GOPHER.built()],
        input=json.dumps([{"script": script, "object": obj}]),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return json.loads(done.stdout)[0]


def by_lupa(script: str, obj: Object) -> Any:
    """The same in the reference implementation of Lua 5.1. Raises LuaError."""
    lua = lupa.lua51.LuaRuntime(register_eval=False)
    for name in CLOSED:
        lua.globals()[name] = None
    lua.execute("getmetatable('').__index = nil")
    lua.globals().obj = lua.table_from(obj, recursive=True)
    return _plain(lua.execute(script))


def _plain(value: Any) -> Any:
    if lupa.lua51.lua_type(value) != "table":
        return value
    items = dict(value.items())
    if items and all(isinstance(key, int) for key in items):
        return [_plain(items[key]) for key in sorted(items)]
    return {key: _plain(each) for key, each in items.items()}


def kinds() -> Iterator[Path]:
    """The folder of each kind that is customized."""
    yield from sorted(CUSTOMIZATIONS.glob("*/*"))


def config_map() -> str:
    """What to put into Argo CD's own ConfigMap."""
    data: dict[str, str] = {}
    for kind in kinds():
        name = f"{kind.parent.name}_{kind.name}"
        data[f"resource.customizations.health.{name}"] = (kind / "health.lua").read_text()
        if (kind / "actions").is_dir():
            data[f"resource.customizations.actions.{name}"] = _literal(_actions(kind / "actions"))
    metadata = {"name": "argocd-cm", "namespace": "argocd"}
    return HEAD + _literal(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    )


def _actions(directory: Path) -> Object:
    definitions = [
        {"name": action.parent.name, "action.lua": action.read_text()}
        for action in sorted(directory.glob("*/action.lua"))
    ]
    return {
        "discovery.lua": (directory / "discovery.lua").read_text(),
        "definitions": definitions,
    }


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, "|" if "\n" in data else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def _literal(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120)
    return text


def health_tests(kind: Path) -> Sequence[Object]:
    """The cases of `health_test.yaml`, whose form is Argo CD's."""
    found: Sequence[Object] = yaml.safe_load((kind / "health_test.yaml").read_text())["tests"]
    return found
