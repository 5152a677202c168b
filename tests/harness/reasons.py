"""Reasons of conditions and Events, and types of conditions, as the operator's source has them."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import HarnessError
from harness.product import ROOT

SOURCE: Final = ROOT / "operator/rocketmq_operator/reconciler"
REASON: Final = {"Condition": 2, "Trouble": 0, "Transition": 0, "emit": 1}
"""Which argument is the reason, by what is called."""
PASSED_ON: Final = frozenset(
    {
        *("seen.trouble.reason", "ready.reason", "condition.reason", "condition['reason']"),
        *("event.reason", "*progress", "*trouble", "*seen.trouble", "name"),
    }
)
"""Arguments that hand on what another call has."""


class Known(NamedTuple):
    """What the source can say."""

    types: frozenset[str]
    conditions: frozenset[str]
    events: frozenset[str]


def known() -> Known:
    """Everything. Raises HarnessError for a reason that cannot be read from the source."""
    types, conditions, events = set[str](), set[str](), set[str]()
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for call, scope in _calls(tree):
            name, arguments = _name(call.func), call.args
            if name == "Condition":
                types |= set(_texts(arguments[0], scope, tree, path))
            found = set(_texts(_reason(arguments, REASON[name]), scope, tree, path))
            (events if name in {"Transition", "emit"} else conditions).update(found)
        conditions |= set(_stages(tree))
    return Known(frozenset(types), frozenset(conditions), frozenset(events))


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Calls that take a reason, each with the function that it is in."""
    seen = set[ast.Call]()
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in [*functions, tree]:
        for call in ast.walk(scope):
            if isinstance(call, ast.Call) and _name(call.func) in REASON and call not in seen:
                seen.add(call)
                yield call, scope


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _reason(arguments: list[ast.expr], index: int) -> ast.expr:
    """The reason, or the starred argument that brings it."""
    starred = [each for each in arguments[: index + 1] if isinstance(each, ast.Starred)]
    return starred[0] if starred else arguments[index]


def _texts(value: ast.expr, scope: ast.AST, tree: ast.Module, path: Path) -> Iterator[str]:
    """The texts that an expression can be."""
    if isinstance(value, ast.Constant):
        yield str(value.value)
        return
    origins = list(_origins(value, scope, tree))
    if not origins and ast.unparse(value) not in PASSED_ON:
        where = f"{path}:{value.lineno}"
        raise HarnessError(f"{where}: {ast.unparse(value)} is no reason that can be read here")
    for origin, inner in origins:
        yield from _texts(origin, inner, tree, path)


def _origins(
    value: ast.expr, scope: ast.AST, tree: ast.Module
) -> Iterator[tuple[ast.expr, ast.AST]]:
    """What an expression is made from, each with the function that it is in."""
    match value:
        case ast.IfExp():
            yield from ((branch, scope) for branch in (value.body, value.orelse))
        case ast.Name(id=name):
            yield from ((assigned, scope) for assigned in _assigned(name, scope))
        case ast.Call(func=ast.Name(id=name)):
            yield from _returned(name, tree)


def _assigned(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _bound(name, target, node.value)


def _bound(name: str, target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    """What an assignment gives to `name`."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=True):
            yield from _bound(name, one, part)


def _returned(name: str, tree: ast.Module) -> Iterator[tuple[ast.expr, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield inner.value, node


def _stages(tree: ast.Module) -> Iterator[str]:
    """The reasons in a table called `stages`: of each row the second."""
    for table in _assigned("stages", tree):
        if isinstance(table, ast.Tuple):
            for row in table.elts:
                if isinstance(row, ast.Tuple) and isinstance(row.elts[1], ast.Constant):
                    yield str(row.elts[1].value)
