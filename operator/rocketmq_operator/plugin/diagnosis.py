"""Why a broker does not register: checks of what was found out, each with its fix."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from rich.text import Text

from rocketmq_operator.plugin.advice import OPERATOR_LOG
from rocketmq_operator.plugin.answers import Answers
from rocketmq_operator.plugin.layout import BAD, DIM, GOOD, INDENT, WARN, Lines, duration
from rocketmq_operator.plugin.matrix import departed
from rocketmq_operator.reconciler.kinds import Object

MAX_PORT: Final = 65535
ANSWER: Final = (
    "see its log; where the status says Serving, only the way from here is closed: try --reach"
)
LIST: Final = "give the broker all of namesrvAddr={addresses}"


class Verdict(StrEnum):
    """How a check ended; SKIP where it cannot be done from here."""

    OK = "ok"
    FAIL = "FAIL"
    WARN = "warn"
    SKIP = "skip"


TONES: Final = {Verdict.OK: GOOD, Verdict.FAIL: BAD, Verdict.WARN: WARN, Verdict.SKIP: DIM}


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, and what mends it."""

    what: str
    verdict: Verdict
    found: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """What was found out.

    ``names`` and ``ports`` are what this machine says of addresses: empty for good, else what went
    wrong. Addresses that were not tried are not in them. ``inside``: this machine is in the
    cluster, so that what it cannot reach no broker can. ``brokers`` and ``servers`` are what the
    servers answered at the two views.
    """

    nsc: Object
    broker: str = ""
    inside: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, str] = field(default_factory=dict)
    servers: Answers = field(default_factory=Answers)
    brokers: Answers = field(default_factory=Answers)

    @property
    def status(self) -> Object:
        """Of the cluster."""
        found: Object = self.nsc.get("status") or {}
        return found

    @property
    def list_of_servers(self) -> str:
        """What brokers shall be given."""
        return str(self.status.get("addresses", {}).get("namesrvAddr", ""))


def checks(facts: Facts) -> Iterator[Check]:
    """All that apply, those of the cluster before those of the broker."""
    yield from _cluster(facts)
    yield from _answering(facts)
    yield from _versions(facts)
    yield from _addresses(facts)
    yield from _doors(facts)
    if facts.broker:
        yield from _syntax(facts.broker)
        yield from _broker_port(facts)
        yield from _registrations(facts)


def _cluster(facts: Facts) -> Iterator[Check]:
    status, generation = facts.status, facts.nsc["metadata"].get("generation", 0)
    seen = status.get("observedGeneration", 0)
    current = Verdict.OK if seen >= generation else Verdict.FAIL
    fix = f"see the operator: {OPERATOR_LOG}"
    found = f"generation {seen} of {generation} looked at"
    yield Check("the operator follows the object", current, found, fix)
    ready, want = status.get("readyReplicas", 0), facts.nsc.get("spec", {}).get("replicas", 3)
    if facts.nsc.get("spec", {}).get("suspend"):
        yield Check("servers run", Verdict.FAIL, "spec.suspend is true", "set it to false")
        return
    good = Verdict.OK if ready >= want else Verdict.FAIL
    yield Check("servers run", good, f"{ready} of {want} ready", "kubectl nsc status says why")


def _answering(facts: Facts) -> Iterator[Check]:
    for pod in facts.servers.pods:
        why = facts.servers.silent.get(pod, "")
        verdict = Verdict.FAIL if why else Verdict.OK
        yield Check(f"{pod} answers", verdict, why, ANSWER)


def _versions(facts: Facts) -> Iterator[Check]:
    told = {pod: str(body.get("version", "")) for pod, body in facts.servers.bodies.items()}
    if not told:
        return
    found = ", ".join(sorted(set(told.values())))
    verdict = Verdict.OK if len(set(told.values())) == 1 else Verdict.WARN
    fix = "a rollout is on its way, or waits: kubectl nsc status"
    yield Check("servers are of one version", verdict, found, fix)
    mine = facts.status.get("operatorVersion", "")
    newer = {version for version in told.values() if version != mine}
    if mine and newer:
        text = f"operator {mine}, servers {found}"
        given = facts.nsc.get("spec", {}).get("image")
        follow = "spec.imageUpdatePolicy: FollowOperator keeps them together"
        fix = (
            f"give spec.image the version {mine}, or remove it: then {follow}" if given else follow
        )
        yield Check("servers are of the operator's version", Verdict.WARN, text, fix)


def _addresses(facts: Facts) -> Iterator[Check]:
    ports = {address: why for address, why in facts.ports.items() if address != facts.broker}
    yield from _seen_from_here(facts, "name {} resolves", facts.names)
    yield from _seen_from_here(facts, "port {} is open", ports)


def _seen_from_here(facts: Facts, what: str, found: Mapping[str, str]) -> Iterator[Check]:
    if found and all(found.values()) and not facts.inside:
        text = "not from this machine; to try it where brokers are, run this in a pod"
        yield Check(what.format("of each server"), Verdict.SKIP, text)
        return
    fix = "see CoreDNS, NetworkPolicies, and kubectl get svc,endpointslices"
    for address, why in found.items():
        bad = Verdict.FAIL if facts.inside else Verdict.SKIP
        yield Check(what.format(address), bad if why else Verdict.OK, why, fix)


def _doors(facts: Facts) -> Iterator[Check]:
    spec = facts.nsc.get("spec", {})
    peers = spec.get("networkPolicy", {}).get("remotingFrom")
    if peers:
        text = f"only from {len(peers)} peers of spec.networkPolicy.remotingFrom"
        fix = "see that the broker's pod or address is one of them"
        yield Check("brokers may connect", Verdict.WARN, text, fix)
    tls = spec.get("tls", {})
    if tls.get("mode") == "Enforcing":
        certificate = " and a certificate" if tls.get("clientAuth") == "Require" else ""
        text = f"servers take TLS only{certificate}"
        yield Check("brokers may connect", Verdict.WARN, text, "start the broker with TLS on")


def _syntax(address: str) -> Iterator[Check]:
    what = f"broker address {address}"
    problem = problem_of(address)
    if problem:
        yield Check(what, Verdict.FAIL, problem, "set brokerIP1 and listenPort of the broker")
    else:
        yield Check(what, Verdict.OK, "host:port")


def problem_of(address: str) -> str:
    """Why no client could use an address, or empty."""
    host, colon, port = address.rpartition(":")
    if not colon or not host:
        return "want HOST:PORT, for example 10.0.0.7:10911"
    if not port.isdecimal() or not 0 < int(port) <= MAX_PORT:
        return f"{port!r} is no port"
    try:
        ip = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return ""
    if ip.is_unspecified:
        return f"{host} is no address that anybody can connect to"
    if ip.is_loopback:
        return f"{host} means another machine to everybody else"
    return ""


def _broker_port(facts: Facts) -> Iterator[Check]:
    if facts.broker not in facts.ports:
        return
    why = facts.ports[facts.broker]
    what = f"port {facts.broker} is open"
    if why and facts.inside:
        fix = "is the broker up? does a NetworkPolicy stand between?"
        yield Check(what, Verdict.FAIL, why, fix)
    elif why:
        yield Check(what, Verdict.SKIP, f"not from this machine: {why}")
    else:
        yield Check(what, Verdict.OK)


def _registrations(facts: Facts) -> Iterator[Check]:
    for pod in facts.brokers.pods:
        body = facts.brokers.bodies.get(pod)
        if body is not None:
            yield _registered(facts, pod, body)
    if not facts.brokers.bodies:
        yield from _mirrored(facts)


def _registered(facts: Facts, pod: str, body: Mapping[str, Any]) -> Check:
    what = f"{pod} knows the broker"
    here = [each for each in body.get("brokers", ()) if each["address"] == facts.broker]
    if here:
        return _known(what, here[0])
    fix = LIST.format(addresses=facts.list_of_servers)
    left = departed(body, facts.broker)
    if left is not None:
        text = f"it left {duration(left)} ago: it stopped, or its connection was cut"
        return Check(what, Verdict.FAIL, text, "see the broker's log")
    others = _same_host(body.get("brokers", ()), facts.broker)
    if others:
        text = f"no, but {', '.join(others)} of the same host"
        return Check(what, Verdict.FAIL, text, "is that the address that you meant?")
    return Check(what, Verdict.FAIL, "it has not registered here", fix)


def _known(what: str, broker: Mapping[str, Any]) -> Check:
    who = f"{broker['name']} (id {broker['id']}) of {broker['cluster']}"
    if broker.get("provisional"):
        text = f"{who}, from another server; it has not registered here yet"
        return Check(what, Verdict.WARN, text, "wait for its next registration, at most 60 s")
    return Check(what, Verdict.OK, f"registered as {who}, {broker.get('topics', 0)} topics")


def _same_host(brokers: Sequence[Mapping[str, Any]], address: str) -> list[str]:
    host = address.rpartition(":")[0]
    return sorted(each["address"] for each in brokers if each["address"].rpartition(":")[0] == host)


def _mirrored(facts: Facts) -> Iterator[Check]:
    """What the operator saw, where no server can be asked."""
    what, fix = "the operator saw the broker", LIST.format(addresses=facts.list_of_servers)
    for broker in facts.status.get("brokers", ()):
        if broker["address"] == facts.broker:
            lacking = ", ".join(broker.get("missingFrom", ()))
            text = broker["state"] + (f", missing from {lacking}" if lacking else "")
            fine = broker["state"] == "Online" and not lacking
            yield Check(what, Verdict.OK if fine else Verdict.FAIL, text, fix)
            return
    yield Check(what, Verdict.FAIL, "never", fix)


def lines(found: Sequence[Check]) -> Lines:
    """One for each check, and one below it for what to do."""
    shown = []
    for each in found:
        text = f"{each.what}{f': {each.found}' if each.found else ''}"
        shown.append(Text.assemble((f"{each.verdict.value:<5}", TONES[each.verdict]), text))
        if each.verdict in (Verdict.FAIL, Verdict.WARN) and each.fix:
            shown.append(Text(f"{INDENT}   -> {each.fix}"))
    return shown


def rows(found: Sequence[Check]) -> list[dict[str, str]]:
    """The same for programs."""
    return [
        {"check": each.what, "verdict": each.verdict.value, "found": each.found, "fix": each.fix}
        for each in found
    ]


def failed(found: Sequence[Check]) -> bool:
    """Whether anything is wrong."""
    return any(each.verdict is Verdict.FAIL for each in found)
