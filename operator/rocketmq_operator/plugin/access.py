"""The way to the Kubernetes API that kubectl would take."""

from pathlib import Path
from typing import Final

from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from rocketmq_operator import __version__
from rocketmq_operator.errors import SettingsError
from rocketmq_operator.reconciler.kube.api import KubeApi

DEFAULT_NAMESPACE: Final = "default"
OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
MANAGER: Final = "kubectl-nsc"
"""Field manager of what is written by hand."""


async def connect(
    kubeconfig: str | None, context: str | None, seconds: float
) -> tuple[KubeApi, str]:
    """The API by kubeconfig, or else as the pod that this runs in; and the namespace to look in.

    Each call may take ``seconds``. Raises SettingsError where there is no way.
    """
    configuration = Configuration()
    try:
        loader = await kubernetes_config.load_kube_config(
            config_file=kubeconfig, context=context, client_configuration=configuration
        )
        namespace = str(loader.current_context["context"].get("namespace", DEFAULT_NAMESPACE))
    except (kubernetes_config.ConfigException, OSError, ValueError) as error:
        if kubeconfig or context:
            raise SettingsError(f"kubeconfig: {error}") from error
        namespace = _from_inside(configuration, error)
    client = ApiClient(configuration)
    client.user_agent = f"{MANAGER}/{__version__}"
    return KubeApi(client, seconds), namespace


def _from_inside(configuration: Configuration, why: Exception) -> str:
    try:
        kubernetes_config.load_incluster_config(client_configuration=configuration)
    except kubernetes_config.ConfigException:
        raise SettingsError(
            f"no way to the Kubernetes API: {why}; set KUBECONFIG, or give --kubeconfig"
        ) from why
    return OWN_NAMESPACE.read_text().strip()
