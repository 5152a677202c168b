"""Who else writes an object, and would undo what is changed by hand."""

from rocketmq_operator.reconciler.applied import LAST_APPLIED
from rocketmq_operator.reconciler.kinds import Object

MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
    LAST_APPLIED: "kubectl apply",
}
"""Labels and annotations that those leave who keep an object as it stands elsewhere."""


def keeper(obj: Object) -> str:
    """Who keeps the object, or an empty text where nothing shows it."""
    metadata = obj["metadata"]
    marks = {**metadata.get("annotations", {}), **metadata.get("labels", {})}
    return next((who for mark, who in MARKS.items() if mark in marks), "")


def warning(obj: Object, what: str) -> str:
    """That a change of ``what`` by hand does not last, and what to do."""
    who = keeper(obj)
    if who in ("", "kubectl apply"):
        return f"if this object is kept in git, change {what} there too: the next apply undoes this"
    return f"this object is kept by {who}, whose next sync undoes this: change {what} in git too"
