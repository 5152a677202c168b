"""A NameServer's properties file, as the parts of a spec that say the same."""

import re
from collections.abc import Mapping
from typing import Final

from rocketmq_operator.errors import BodyError, SpecError
from rocketmq_operator.protocol import properties
from rocketmq_operator.protocol.configuration import (
    PROPERTIES,
    Effect,
    Property,
    nearest,
    normalize,
)
from rocketmq_operator.reconciler.conversion.fields import Remarks
from rocketmq_operator.reconciler.spec import Flavor
from rocketmq_operator.reconciler.sync import STARTED_WITH

LISTEN: Final = "listenPort"
WITHOUT_WORD: Final = {"bindAddress": "0.0.0.0"}
FIXED: Final = {
    "kvConfigPath": "the operator says where the file lies; give its entries to convert as well, "
    "by -f kvConfig.json",
}
OF_THE_OPERATOR: Final = "the operator sets it"
CONTROLLER: Final = re.compile(r"(?i)controller")
NO_CONTROLLER: Final = (
    "servers here hold no controller; keep the old ones for it, or run mqcontroller by itself"
)
NO_MEANING: Final = "it has no meaning in a server of flavor Native"
TAKEN: Final = re.compile(r"([!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?)?")
"""Values that the CRD takes."""
MAX_VALUE: Final = 1024


def read(path: str, text: str) -> dict[str, str]:
    """The properties in the file at ``path``. Raises SpecError."""
    try:
        return properties.parse(text)
    except BodyError as error:
        raise SpecError(path, str(error)) from error


def port(given: Mapping[str, str]) -> int | None:
    """The port that the file asks for."""
    text = given.get(LISTEN, "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else None


def wanted(given: Mapping[str, str], flavor: Flavor, remarks: Remarks) -> dict[str, str]:
    """``spec.namesrvConfig``: what differs from how servers are started anyway."""
    found = {}
    for name, text in given.items():
        if name == LISTEN or WITHOUT_WORD.get(name) == text:
            continue
        row = PROPERTIES.get(name)
        advice = _unknown(name) if row is None else _refused(row, text, flavor)
        if advice is None and row is not None:
            found[name] = normalize(row, text) or ""
        elif advice and (row is None or normalize(row, text) != row.default):
            remarks.left(f"property {name}", text, advice)
    return {name: text for name, text in found.items() if text != _usual(name)}


def _usual(name: str) -> str:
    return STARTED_WITH.get(name, PROPERTIES[name].default)


def _unknown(name: str) -> str:
    if CONTROLLER.search(name):
        return NO_CONTROLLER
    close = nearest(name)
    meant = f"; is {close} meant?" if close else ""
    return f"no NameServer has such a property{meant}"


def _refused(row: Property, text: str, flavor: Flavor) -> str | None:
    if row.effect is Effect.FIXED:
        return FIXED.get(row.name, OF_THE_OPERATOR)
    if row.name == "enableControllerInNamesrv":
        return NO_CONTROLLER
    if row.effect is Effect.IGNORED and flavor is Flavor.NATIVE:
        return NO_MEANING
    found = normalize(row, text)
    if found is None:
        return f"no server can read it: it has to be of type {row.kind.value}"
    if not TAKEN.fullmatch(found) or len(found) > MAX_VALUE:
        return "a value is one line of printable ASCII without a backslash, of 1024 at most"
    return None
