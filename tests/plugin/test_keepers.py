"""Who would undo a change by hand."""

import pytest

from rocketmq_operator.plugin.keepers import keeper, warning


@pytest.mark.parametrize(
    ("metadata", "who"),
    [
        ({}, ""),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}, "Argo CD"),
        ({"labels": {"argocd.argoproj.io/instance": "x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "Flux"),
        ({"annotations": {"meta.helm.sh/release-name": "x"}}, "Helm"),
    ],
)
def test_those_who_leave_a_mark_are_named(metadata: dict[str, dict[str, str]], who: str) -> None:
    obj = {"metadata": metadata}
    assert keeper(obj) == who
    assert "spec.paused in git too" in warning(obj, "spec.paused") or not who


def test_whoever_it_is_git_is_mentioned() -> None:
    assert "if this object is kept in git" in warning({"metadata": {}}, "spec.paused")
