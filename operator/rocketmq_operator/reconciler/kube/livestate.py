"""What a manifest would change in a live cluster, found without changing anything."""

from rocketmq_operator.reconciler.foresight import Foresight, foresee
from rocketmq_operator.reconciler.kinds import CLUSTER, CONFIG_MAP, STATEFUL_SET, Object
from rocketmq_operator.reconciler.kube.api import KubeApi
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.resources import (
    Circumstances,
    claims,
    default_image,
    seed_configmap,
)
from rocketmq_operator.reconciler.spec import Cluster, parse


async def foresee_live(
    api: KubeApi, manifest: Object, operator_image: str, operator_namespace: str
) -> Foresight:
    """What follows if the spec of ``manifest`` becomes that of the live object of its name.

    The API server checks it and fills in its defaults, in a dry run. Raises KubeError with the
    server's words for what it refuses, and SpecError.
    """
    metadata = manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    names = Names(namespace, name)
    live = await api.get(CLUSTER, namespace, name)
    stateful_set = await api.get(STATEFUL_SET, namespace, names.stateful_set)
    seed = await api.get(CONFIG_MAP, namespace, names.seed)

    def cluster(body: Object) -> Cluster:
        return parse(body, default_image.resolve(body, stateful_set, operator_image))

    given = Circumstances(
        seed_configmap.read_inventory(seed), claims.template_size(stateful_set), operator_namespace
    )
    if live is None:
        new = {**manifest, "metadata": {"namespace": namespace, "name": name}}
        return foresee(None, cluster(await api.create(CLUSTER, new, dry_run=True)), given)
    changed = {**live, "spec": manifest.get("spec") or {}}
    after = await api.replace(CLUSTER, changed, dry_run=True)
    return foresee(cluster(live), cluster(after), given)
