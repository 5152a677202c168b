"""Environment variables of a NameServer's container."""

import re
from typing import Any, Final

from rocketmq_operator.reconciler.conversion.fields import Fields, Remarks, filled
from rocketmq_operator.reconciler.spec import Flavor

RESERVED: Final = "NAMESRV_"
OPTIONS: Final = "JAVA_OPT_EXT"
OF_JAVA: Final = re.compile(r"JAVA_|JVM_|ROCKETMQ_|MAX_POSSIBLE_HEAP|MAX_HEAP_SIZE|HEAP_NEWSIZE")
READ_BY_JAVA: Final = frozenset({OPTIONS, "JAVA_HOME", "ROCKETMQ_HOME"})
NOT_READ: Final = f"Apache's scripts are not used; put options of Java into {OPTIONS}"
NO_JAVA: Final = "a server of flavor Native needs no Java"
NOT_OURS: Final = "names that start with NAMESRV_ are the operator's"


def wanted(container: Fields, flavor: Flavor, remarks: Remarks) -> dict[str, Any]:
    """``env`` and ``envFrom`` of ``spec.pod``."""
    path = container.at("env")
    env = []
    for variable in container.take_objects("env"):
        name = variable["name"]
        advice = _refused(name, flavor)
        if advice is None:
            env.append(variable)
        else:
            remarks.left(f"{path}[{name}]", variable.get("value", ""), advice)
    sources = []
    for source in container.take_objects("envFrom"):
        if (source.get("prefix") or "").startswith(RESERVED):
            remarks.left(f"{container.at('envFrom')}.prefix", source["prefix"], NOT_OURS)
        else:
            sources.append(source)
    return filled(env=env, envFrom=sources)


def _refused(name: str, flavor: Flavor) -> str | None:
    if name.startswith(RESERVED):
        return NOT_OURS
    if not OF_JAVA.match(name):
        return None
    if flavor is Flavor.NATIVE:
        return NO_JAVA
    return None if name in READ_BY_JAVA else NOT_READ
