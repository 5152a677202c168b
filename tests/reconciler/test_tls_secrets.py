"""The Secrets of a cluster: read by name, kept for a while and no longer than needed."""

import base64
from typing import Any

import pytest
import trustme

from harness.children import cluster
from rocketmq_operator.reconciler.kinds import Kind
from rocketmq_operator.reconciler.kube import tlssecrets
from rocketmq_operator.reconciler.kube.api import KubeError
from rocketmq_operator.reconciler.kube.progress import Progress
from rocketmq_operator.reconciler.kube.tlssecrets import TlsSecrets


class Api:
    """Has some Secrets, and remembers which were asked for."""

    def __init__(self, *names: str) -> None:
        issued = trustme.CA().issue_cert("nameserver.example.com")
        texts = {
            "tls.crt": issued.cert_chain_pems[0].bytes(),
            "tls.key": issued.private_key_pem.bytes(),
        }
        data = {name: base64.b64encode(text).decode() for name, text in texts.items()}
        self.secrets = {name: {"data": data} for name in names}
        self.asked: list[str] = []
        self.refusal: KubeError | None = None

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        self.asked.append(name)
        if self.refusal:
            raise self.refusal
        return self.secrets.get(name)


@pytest.fixture
def api() -> Api:
    return Api("old", "new")


async def test_secrets_of_pods_are_read_once_even_where_the_spec_names_none(api: Api) -> None:
    secrets, plain = TlsSecrets(api), cluster()  # type: ignore[arg-type]
    for _ in range(2):
        found = await secrets.shown(plain, ["new", "old"])
        assert found.progress.trouble is None
    assert (set(found.credentials), api.asked) == ({"new", "old"}, ["new", "old"])


async def test_one_that_is_not_there_keeps_nobody_from_the_others(api: Api) -> None:
    secrets = TlsSecrets(api)  # type: ignore[arg-type]
    assert set((await secrets.shown(cluster(), ["gone", "new"])).credentials) == {"new"}


async def test_one_that_cannot_be_read_stays_in_use_as_it_was_read_last(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tlssecrets, "KEPT", 0.0)
    secrets = TlsSecrets(api)  # type: ignore[arg-type]
    tls = cluster(tls={"mode": "Enforcing", "secretName": "new"})
    assert (await secrets.shown(tls, ["new"])).progress == Progress()
    api.refusal = KubeError(403, "Forbidden", "Secret new: 403")
    found = await secrets.shown(tls, ["new"])
    assert set(found.credentials) == {"new"}
    assert found.progress.trouble == ("TLSSecretNotRead", "Secret new: 403")


async def test_a_secret_is_forgotten_once_no_pod_needs_it(api: Api) -> None:
    secrets = TlsSecrets(api)  # type: ignore[arg-type]
    for names in (["old"], [], ["old"]):
        await secrets.shown(cluster(), names)
    assert api.asked == ["old", "old"]
