"""Argo CD's view of our kinds: health, actions, and the ConfigMap that teaches it both."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from harness import argocd
from harness.argocd import by_gopher, by_lupa
from rocketmq_operator.plugin.commands.changing import RESTARTED_AT

CLUSTER: Final = argocd.CUSTOMIZATIONS / "namesrv.dev/NameServerCluster"
ACTIONS: Final = CLUSTER / "actions"
CASES: Final = [(kind, case) for kind in argocd.kinds() for case in argocd.health_tests(kind)]


@pytest.mark.parametrize("engine", [by_gopher, by_lupa])
@pytest.mark.parametrize(
    ("kind", "case"), CASES, ids=[f"{kind.name}-{case['inputPath']}" for kind, case in CASES]
)
def test_health_is_as_its_test_says(engine: Any, kind: Path, case: dict[str, Any]) -> None:
    obj = yaml.safe_load((kind / case["inputPath"]).read_text())
    assert engine((kind / "health.lua").read_text(), obj) == case["healthStatus"]


def test_every_example_is_used() -> None:
    for kind in argocd.kinds():
        used = {case["inputPath"] for case in argocd.health_tests(kind)}
        assert used == {f"testdata/{path.name}" for path in (kind / "testdata").iterdir()}


@pytest.mark.parametrize("engine", [by_gopher, by_lupa])
@pytest.mark.parametrize(
    ("spec", "offered"), [({}, {"restart", "pause"}), ({"paused": True}, {"resume"})]
)
def test_actions_are_offered_where_they_make_sense(
    engine: Any, spec: dict[str, Any], offered: set[str]
) -> None:
    found = engine((ACTIONS / "discovery.lua").read_text(), {"spec": spec})
    assert {name for name, action in found.items() if not action["disabled"]} == offered
    assert found.keys() == {path.parent.name for path in ACTIONS.glob("*/action.lua")}


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("pause", {"replicas": 3}, {"replicas": 3, "paused": True}),
        ("resume", {"replicas": 3, "paused": True}, {"replicas": 3}),
    ],
)
@pytest.mark.parametrize("engine", [by_gopher, by_lupa])
def test_pause_and_resume_change_one_field(
    engine: Any, action: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    script = (ACTIONS / action / "action.lua").read_text()
    assert engine(script, {"spec": before}) == {"spec": after}


@pytest.mark.parametrize("engine", [by_gopher, by_lupa])
@pytest.mark.parametrize("annotations", [None, {"a": "b"}])
def test_a_restart_is_another_annotation_of_the_pods(
    engine: Any, annotations: dict[str, str] | None
) -> None:
    pod = {} if annotations is None else {"pod": {"metadata": {"annotations": annotations}}}
    found = engine((ACTIONS / "restart/action.lua").read_text(), {"spec": {"replicas": 3, **pod}})
    written = found["spec"]["pod"]["metadata"]["annotations"]
    # One that the CRD lets through, which keeps namesrv.dev/ to the operator.
    assert written.pop(RESTARTED_AT).endswith("Z")
    assert written == (annotations or {})
    assert found["spec"]["replicas"] == 3


def test_the_config_map_is_made_from_the_scripts() -> None:
    assert argocd.CONFIG_MAP.read_text() == argocd.config_map(), "run make generated"
    data = yaml.safe_load(argocd.config_map())["data"]
    actions = yaml.safe_load(data["resource.customizations.actions.namesrv.dev_NameServerCluster"])
    assert {each["name"] for each in actions["definitions"]} == {"restart", "pause", "resume"}
