"""The operator and its clusters in one Application of Argo CD: waves bring them and remove them."""

from pathlib import Path
from typing import Any, Final

import yaml

from harness.argosync import NONE, SERVER_SIDE, Application, ArgoCD
from harness.embedded import EmbeddedCluster
from harness.product import MANIFESTS, POLL, SYSTEM, WAIT
from harness.wait import until

API: Final = "namesrv.dev/v1alpha1"
NAME: Final = "mq"
WAVE: Final = {"argocd.argoproj.io/sync-wave": "1"}


def of_ours(kind: str, **spec: Any) -> dict[str, Any]:
    """An object for the wave after the operator's."""
    metadata = {"name": NAME, "namespace": SYSTEM, "annotations": WAVE}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def test_one_application_brings_the_operator_with_its_clusters_and_removes_both(
    tmp_path: Path,
) -> None:
    with EmbeddedCluster(name="argocd") as own, ArgoCD(own.kubeconfig, tmp_path) as argocd:
        application = Application(argocd, "platform", SYSTEM, SERVER_SIDE)
        application.objects = [
            *yaml.safe_load_all((MANIFESTS / "install.yaml").read_text()),
            of_ours("NameServerCluster", replicas=1, pod={"terminationGracePeriodSeconds": 5}),
            of_ours(
                "NameServerKVConfig",
                clusterRef={"name": NAME},
                kvNamespace="team",
                entries={"a": "1"},
            ),
        ]
        application.converge()
        assert application.differences() == NONE
        application.objects = []
        application.sync(prune=True)
        until(
            lambda: not application.compare().resources,
            timeout=WAIT,
            what="nothing left of it",
            interval=POLL,
        )
