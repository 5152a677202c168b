"""The cluster's DNS as hosts files: which names lead to which pods."""

from collections import defaultdict
from collections.abc import Iterable

from harness.node.objects import Object, is_finished, is_ready, is_terminating, key_of

DOMAIN = "cluster.local"
Table = dict[str, list[str]]


def name_table(pods: Iterable[Object], services: Iterable[Object]) -> Table:
    """Addresses by name, every name written from the namespace on: `x.ns`, `x.ns.svc` ...

    A Service's name leads to its ready pods, whether it has a ClusterIP or not (nothing here
    forwards from one address to another); pods with a hostname and a subdomain have a name of
    their own under their headless Service.
    """
    live = [pod for pod in pods if pod.get("status", {}).get("podIP") and not is_finished(pod)]
    table: defaultdict[str, list[str]] = defaultdict(list)
    for service in services:
        namespace, name = key_of(service)
        for pod in _endpoints(service, live):
            address = pod["status"]["podIP"]
            _enter(table, f"{name}.{namespace}", address)
            if _has_own_name(pod, service):
                _enter(table, f"{pod['spec']['hostname']}.{name}.{namespace}", address)
    return {name: sorted(addresses) for name, addresses in sorted(table.items())}


def hosts_file(table: Table, pod: Object) -> str:
    """The hosts file of a pod: its own name, and the table as seen from its namespace."""
    namespace = pod["metadata"]["namespace"]
    own = [pod["status"]["podIP"], *_own_names(pod)]
    lines = ["127.0.0.1\tlocalhost", "\t".join(own)]
    for name, addresses in table.items():
        short = name.removesuffix(f".{namespace}")
        names = f"{name}\t{short}" if short != name else name
        lines += [f"{address}\t{names}" for address in addresses]
    return "\n".join(lines) + "\n"


def _endpoints(service: Object, pods: list[Object]) -> list[Object]:
    spec = service["spec"]
    selector = (spec.get("selector") or {}).items()
    if not selector:
        return []
    unready_too = spec.get("publishNotReadyAddresses", False)
    namespace = service["metadata"]["namespace"]
    return [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == namespace
        and selector <= pod["metadata"].get("labels", {}).items()
        and (unready_too or (is_ready(pod) and not is_terminating(pod)))
    ]


def _has_own_name(pod: Object, service: Object) -> bool:
    spec = pod["spec"]
    headless = service["spec"].get("clusterIP") == "None"
    return headless and bool(spec.get("hostname")) and spec.get("subdomain") == key_of(service)[1]


def _enter(table: defaultdict[str, list[str]], stem: str, address: str) -> None:
    for name in (f"{stem}.svc.{DOMAIN}", f"{stem}.svc", stem):
        table[name].append(address)


def _own_names(pod: Object) -> list[str]:
    spec = pod["spec"]
    host = spec.get("hostname") or pod["metadata"]["name"]
    if subdomain := spec.get("subdomain"):
        return [f"{host}.{subdomain}.{pod['metadata']['namespace']}.svc.{DOMAIN}", host]
    return [host]
