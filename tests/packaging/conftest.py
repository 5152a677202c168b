"""The API of a real API server, close enough to see its own messages."""

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from harness.cluster import Cluster
from harness.embedded import EmbeddedCluster
from harness.wait import until

ROOT = Path(__file__).parents[2]
Object = dict[str, Any]


class Answer(NamedTuple):
    """What the API server answered: HTTP status, the object or the error, and warnings."""

    status: int
    body: Object
    warnings: list[str]

    @property
    def message(self) -> str:
        """The words of a refusal."""
        return str(self.body.get("message", ""))


class Api:
    """JSON requests as the administrator, or as `user`; unknown fields are refused."""

    def __init__(self, kubeconfig: Path, user: str = "") -> None:
        self._user = {"Impersonate-User": user} if user else {}
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._server = cluster["server"]
        self._token = config["users"][0]["user"]["token"]
        self._trust = ssl.create_default_context(cadata=authority)

    def ask(self, method: str, path: str, body: Object | None = None, **query: str) -> Answer:
        """One request; a refusal is an answer like any other."""
        strict = {"fieldValidation": "Strict"} if body is not None else {}
        parameters = "&".join(f"{key}={value}" for key, value in (strict | query).items())
        patch = "application/apply-patch+yaml"
        request = urllib.request.Request(
            f"{self._server}{path}?{parameters}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": patch if method == "PATCH" else "application/json",
                **self._user,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._trust) as response:
                warnings = response.headers.get_all("Warning") or []
                return Answer(response.status, json.load(response), warnings)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _refusal(error.read()), [])


def _refusal(body: bytes) -> Object:
    try:
        refusal: Object = json.loads(body)
    except ValueError:
        return {"message": body.decode()}
    return refusal


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Cluster]:
    """A real API server with its controllers, and no node: nothing that is installed runs."""
    with EmbeddedCluster(name="packaging", nodes=0) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def api(kubernetes: Cluster) -> Api:
    """The API server's answers."""
    return Api(kubernetes.kubeconfig)


@pytest.fixture(scope="session")
def installed(kubernetes: Cluster, crd: Object) -> str:
    """What `kubectl apply -k manifests` printed."""
    assert crd
    return kubernetes.kubectl("apply", "-k", ROOT / "manifests").stdout


@pytest.fixture(scope="session")
def operator_api(kubernetes: Cluster, installed: str) -> Api:
    """The API server's answers to the operator, with the rights that manifests/ give it."""
    assert installed
    user = "system:serviceaccount:rocketmq-system:rocketmq-operator"
    return Api(kubernetes.kubeconfig, user)


@pytest.fixture(scope="session")
def crd(kubernetes: Cluster, api: Api) -> Object:
    """The CustomResourceDefinition as the server keeps it, with its API served."""
    kubernetes.kubectl("apply", "-f", ROOT / "crds/nameserverclusters.namesrv.dev.yaml")
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nameserverclusters.namesrv.dev"
    until(
        lambda: api.ask("GET", "/apis/namesrv.dev/v1alpha1/nameserverclusters").status == 200,
        timeout=30,
        what="the API of NameServerCluster",
    )
    kubernetes.kubectl("api-resources")  # makes kubectl forget that there was no such resource
    return api.ask("GET", path).body
