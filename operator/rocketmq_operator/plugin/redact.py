"""Objects and texts of a report without what may be secret.

Values of environment variables, of KV entries and of applied manifests are taken out, and wherever
they stand in the rest of the report too. Secrets are never read in the first place.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from rocketmq_operator.reconciler.applied import LAST_APPLIED
from rocketmq_operator.reconciler.kinds import Object
from rocketmq_operator.reconciler.names import CONTAINER

SHORTEST: Final = 6
"""Characters from which on a value is looked for in texts; shorter ones are words of their own."""
DROPPED_ANNOTATIONS: Final = frozenset({LAST_APPLIED})
"""They hold the whole object once more."""
OWN_VARIABLES: Final = ("NAMESERVER_IMAGE", "NAMESRV_")
"""Beginnings of names of variables that are set by the product, and by nobody else."""
CONTAINERS: Final = ("containers", "initContainers", "sidecars")
KV_FIELDS: Final = frozenset({"entries", "orderTopics"})
KV_FILE: Final = "kvConfig.json"

Content = str | dict[str, Any] | list[Object]
"""Of a file: a text, what becomes JSON, or objects that become YAML."""


class Redaction:
    """One report's: collects what it took out, so that texts can be cleaned of it afterwards.

    ``key`` makes marks that are equal for equal values of this report and tell nothing else.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._own = CONTAINER
        self._taken: dict[str, str] = {}

    def mark(self, value: str) -> str:
        """What stands in place of a value."""
        digest = hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()[:8]
        found = f"<removed: {len(value)} characters, {digest}>"
        if len(value) >= SHORTEST:
            self._taken[value] = found
        return found

    def object(self, obj: Object, own: str = CONTAINER) -> Object:
        """The object without its secrets, its managed fields, and copies of itself.

        ``own`` is the name of the container in which a program of the product runs.
        """
        self._own = own
        metadata = {k: v for k, v in obj.get("metadata", {}).items() if k != "managedFields"}
        if "annotations" in metadata:
            kept = metadata["annotations"].items()
            for name in DROPPED_ANNOTATIONS & metadata["annotations"].keys():
                self._take_from_manifest(metadata["annotations"][name])
            metadata["annotations"] = {k: v for k, v in kept if k not in DROPPED_ANNOTATIONS}
        rest = {name: self._value(name, each) for name, each in obj.items() if name != "metadata"}
        return {**rest, "metadata": metadata}

    def text(self, text: str) -> str:
        """The text without what was taken out of objects, the longest values first."""
        for value in sorted(self._taken, key=len, reverse=True):
            text = text.replace(value, self._taken[value])
            text = text.replace(json.dumps(value)[1:-1], self._taken[value])
        return text

    def kv(self, tables: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """KV tables with marks for values."""
        return {name: self._marked(table) for name, table in tables.items()}

    def _value(self, name: str, value: Any) -> Any:
        if name in KV_FIELDS and isinstance(value, Mapping):
            return self._marked(value)
        if name == "env" and isinstance(value, list):
            return [self._variable(each) for each in value]
        if name in CONTAINERS and isinstance(value, list):
            return [self._container(each) for each in value]
        if name == "data" and isinstance(value, Mapping) and KV_FILE in value:
            return {**value, KV_FILE: self._kv_file(value[KV_FILE])}
        if isinstance(value, Mapping):
            return {key: self._value(key, each) for key, each in value.items()}
        return [self._value("", each) for each in value] if isinstance(value, list) else value

    def _marked(self, table: Mapping[str, Any]) -> dict[str, str]:
        return {key: self.mark(str(value)) for key, value in table.items()}

    def _variable(self, variable: Any) -> Any:
        if not isinstance(variable, Mapping) or "value" not in variable:
            return variable
        if str(variable.get("name")).startswith(OWN_VARIABLES):
            return variable
        return {**variable, "value": self.mark(str(variable["value"]))}

    def _container(self, container: Any) -> Any:
        """Words of containers that are not ours may hold passwords."""
        found = self._value("", container)
        if container.get("name") == self._own:
            return found
        words = {
            name: [self.mark(str(word)) for word in container[name]]
            for name in ("command", "args")
            if name in container
        }
        return {**found, **words}

    def _kv_file(self, text: str) -> str:
        try:
            tables = json.loads(text)["configTable"]
        except (ValueError, KeyError, TypeError):
            return self.mark(text)
        return json.dumps({"configTable": self.kv(tables)})

    def _take_from_manifest(self, text: str) -> None:
        """Note the values in an applied manifest, which may be older than the object."""
        try:
            self._value("", json.loads(text))
        except ValueError:
            self.mark(text)

    def everywhere(self, value: Any) -> Any:
        """The value with all its strings without what was taken out of any object."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.everywhere(each) for key, each in value.items()}
        return [self.everywhere(each) for each in value] if isinstance(value, list) else value


def rendered(redaction: Redaction, content: Content) -> str:
    """A file of a report, once all objects are known: a text, JSON, or YAML documents.

    Strings are cleaned before they are written: YAML folds and quotes them.
    """
    if isinstance(content, str):
        return redaction.text(content)
    clean = redaction.everywhere(content)
    if isinstance(content, list):
        return yaml.safe_dump_all(clean, sort_keys=False)
    return json.dumps(clean, indent=2, sort_keys=True) + "\n"
