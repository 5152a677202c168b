"""What docs/backup.md says: objects and entries come back, and so does one server without files."""

from textwrap import indent
from typing import Final

from harness.plugin import Plugin
from harness.product import WAIT, Make, Nsc
from harness.server import Server
from harness.wait import until

OURS: Final = {"region": "eu-1"}
OTHERS: Final = {"by": "some\nbody"}
KV: Final = [{"kvNamespace": "shop", "entries": OURS}]


def test_a_copy_brings_back_the_object_and_what_others_wrote(make: Make, plugin: Plugin) -> None:
    nsc = make(replicas=1, kvConfig=KV)
    put_others(nsc, *nsc.servers())
    objects, exported = nsc.kubectl("get", "nsc,nskv", "-o=yaml"), plugin.text("kv", "export")
    nsc.delete()
    nsc.kubectl("create", "-f", "-", input=objects)
    nsc.wait_ready()
    assert held(nsc, "theirs") == [{}]
    patch = f"spec:\n{indent(exported, '  ')}"
    nsc.kubectl("patch", "nsc", nsc.name, "--type=merge", "--patch", patch)
    until(lambda: held(nsc, "theirs") == [OTHERS], timeout=WAIT, what="the entry of others")
    assert held(nsc, "shop") == [OURS]


def test_a_server_starts_anew_on_another_volume(make: Make) -> None:
    nsc = make(replicas=2, storage={"size": "16Mi"}, kvConfig=KV)
    first, second = sorted(nsc.servers())
    put_others(nsc, first, second)
    before, claim = nsc.started(), f"data-{second}"
    volume = nsc.kubectl("get", "pvc", claim, "-o=jsonpath={.spec.volumeName}")
    nsc.kubectl("delete", "pvc", claim, "--wait=false")
    nsc.kubectl("delete", "pod", second)
    until(
        lambda: nsc.started().get(second, before[second]) != before[second],
        timeout=WAIT,
        what="another pod",
    )
    nsc.wait_ready()
    assert nsc.kubectl("get", "pvc", claim, "-o=jsonpath={.spec.volumeName}") != volume
    assert held(nsc, "shop") == [OURS, OURS]
    assert held(nsc, "theirs") == [OTHERS, {}]


def put_others(nsc: Nsc, *names: str) -> None:
    """Write an entry that no spec knows to these servers."""
    servers = nsc.servers()
    for name in names:
        Server(servers[name]).put("theirs", *next(iter(OTHERS.items())))


def held(nsc: Nsc, namespace: str) -> list[dict[str, str]]:
    """A KV namespace as each server holds it, by name."""
    return [Server(address).kv(namespace) for _, address in sorted(nsc.servers().items())]
