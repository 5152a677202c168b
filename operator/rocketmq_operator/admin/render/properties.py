"""What the commands print that show or change configuration and KV entries."""

from collections.abc import Iterable, Mapping, Sequence

Differing = Mapping[str, Mapping[str, str | None]]
"""Values by server, by property; None where a server has no such property."""


def section(title: str, entries: Mapping[str, str]) -> Iterable[str]:
    """The configuration of one server or broker, by key; Java has no order."""
    yield f"============{title}============"
    for key, value in sorted(entries.items()):
        yield f"{key:<50}=  {value}"


def rows(server: str, entries: Mapping[str, str]) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"server": server, "key": key, "value": each} for key, each in sorted(entries.items())]


def differing(configs: Mapping[str, Mapping[str, str]]) -> Differing:
    """The properties that are not the same on all servers."""
    keys = sorted({key for entries in configs.values() for key in entries})
    compared = {
        key: {server: entries.get(key) for server, entries in configs.items()} for key in keys
    }
    return {key: values for key, values in compared.items() if len(set(values.values())) > 1}


def differences(found: Differing, servers: Sequence[str]) -> Iterable[str]:
    """The lines of diffNamesrvConfig."""
    if not found:
        yield f"the same on {', '.join(servers)}"
    for key, values in found.items():
        yield key
        for server, value in values.items():
            yield f"  {server:<48}=  {'(none)' if value is None else value}"
