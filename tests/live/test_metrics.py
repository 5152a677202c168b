"""What Prometheus reads from the operator: the clusters in numbers, from the leader alone."""

import urllib.request

from harness.product import SYSTEM, Make, Product
from harness.wait import until

HTTP = 8081


def scraped(product: Product) -> list[str]:
    """The text of each replica's /metrics."""
    pods = [name.removeprefix("pod/") for name in product.operator_pods()]
    path = f"/api/v1/namespaces/{SYSTEM}/pods"
    addresses = [product.cluster.get(f"{path}/{pod}")["status"]["podIP"] for pod in pods]
    found = []
    for address in addresses:
        url = f"http://{product.cluster.address(f'{address}:{HTTP}')}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found.append(answer.read().decode())
    return found


def test_the_leader_tells_the_state_of_each_cluster_while_it_is_there(
    product: Product, make: Make, namespace: str
) -> None:
    nsc = make(replicas=2)
    own = f'name="{nsc.name}",namespace="{namespace}"'
    ready = f'rocketmq_operator_cluster_servers{{{own},state="ready"}} 2.0'

    def tellers() -> int:
        return sum(ready in text for text in scraped(product))

    until(lambda: tellers() == 1, timeout=30, what="one replica that tells of two ready servers")
    (told,) = [text for text in scraped(product) if ready in text]
    assert f'condition{{{own},status="True",type="Ready"}} 1.0' in told
    assert f"rocketmq_operator_cluster_last_reconcile_succeeded{{{own}}} 1.0" in told
    assert 'rocketmq_operator_api_calls_total{code="200",verb="PATCH"}' in told
    assert (
        'rocketmq_operator_wire_calls_total{request="GET_NAMESRV_CONFIG",result="SUCCESS"}' in told
    )
    assert "rocketmq_operator_leading 1.0" in told
    nsc.delete()
    until(
        lambda: not any(own in text for text in scraped(product)),
        timeout=30,
        what="no word of a cluster that is gone",
    )
