"""What manifests would change in a live cluster, found without changing anything."""

from collections.abc import Iterable, Mapping

import msgspec

from rocketmq_operator.errors import SpecError
from rocketmq_operator.reconciler import delegation, kvconfig
from rocketmq_operator.reconciler.applied import applied, applier
from rocketmq_operator.reconciler.foresight import Foresight, foresee
from rocketmq_operator.reconciler.kinds import (
    CLUSTER,
    CONFIG_MAP,
    KV_CONFIG,
    NAMESPACE,
    STATEFUL_SET,
    Key,
    Kind,
    Object,
)
from rocketmq_operator.reconciler.kube.api import KubeApi, KubeError
from rocketmq_operator.reconciler.manifests import Manifests
from rocketmq_operator.reconciler.names import Names
from rocketmq_operator.reconciler.resources import (
    Circumstances,
    claims,
    default_image,
    seed_configmap,
)
from rocketmq_operator.reconciler.resources.inventory import Written
from rocketmq_operator.reconciler.spec import Cluster, parse

NOT_SEEN = frozenset({403, 404})
"""Answers to those who may not look everywhere, and where the API is not installed."""


async def foresee_live(
    api: KubeApi, given: Manifests, key: Key, operator_image: str, operator_namespace: str
) -> Foresight:
    """What follows for one NameServerCluster if all in ``given`` is applied.

    The API server checks it and fills in its defaults, in a dry run. Raises KubeError with the
    server's words for what it refuses, and SpecError.
    """
    names = Names(*key)
    stateful_set = await api.get(STATEFUL_SET, key.namespace, names.stateful_set)
    written = seed_configmap.read(await api.get(CONFIG_MAP, key.namespace, names.seed))
    live = await api.get(CLUSTER, *key)
    manifest = given.cluster(key)
    after = await _tried(api, CLUSTER, manifest) if manifest else live
    if after is None:
        raise SpecError("spec.clusterRef", f"there is no {CLUSTER.name} {key}")
    configs = {kvconfig.read(body).id: body for body in await _kv_configs(api, key)}
    tried = [await _tried(api, KV_CONFIG, body) for body in given.kv_configs_of(key)]
    new = configs | {kvconfig.read(body).id: body for body in tried}

    async def cluster(body: Object, configs: Iterable[Object]) -> Cluster:
        found = parse(body, default_image.resolve(body, stateful_set, operator_image))
        return await _divided(api, found, configs, written, given.labels)

    circumstances = Circumstances(
        written.inventory, claims.template_size(stateful_set), operator_namespace
    )
    before = await cluster(live, configs.values()) if live else None
    return foresee(before, await cluster(after, new.values()), circumstances)


async def _tried(api: KubeApi, kind: Kind, manifest: Object) -> Object:
    """An object as it would be once its manifest is applied."""
    metadata = manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    live = await api.get(kind, namespace, name)
    new = {**manifest, "metadata": {"namespace": namespace, "name": name}}
    if live is None:
        return await api.create(kind, new, dry_run=True)
    if manager := applier(live):
        return await api.apply_dry(kind, new, manager)
    return await api.replace(kind, {**live, "spec": applied(live, manifest)}, dry_run=True)


async def _kv_configs(api: KubeApi, key: Key) -> list[Object]:
    """Those that name a cluster, in all namespaces that may be read."""
    for namespace in (None, key.namespace):
        try:
            found = [body async for page, _ in api.pages(KV_CONFIG, namespace) for body in page]
        except KubeError as error:
            if error.status not in NOT_SEEN:
                raise
        else:
            return [body for body in found if kvconfig.cluster_of(body) == key]
    return []


async def _divided(
    api: KubeApi,
    cluster: Cluster,
    bodies: Iterable[Object],
    written: Written,
    given: Mapping[str, Mapping[str, str]],
) -> Cluster:
    configs, labels = [kvconfig.read(body) for body in bodies], dict(given)
    if delegation.asks_for_labels(cluster):
        for namespace in {config.key.namespace for config in configs} - given.keys():
            live = await api.get(NAMESPACE, None, namespace)
            labels[namespace] = (live or {}).get("metadata", {}).get("labels", {})
    division = delegation.divide(cluster, configs, written, labels)
    return msgspec.structs.replace(cluster, delegated=division.delegated)
