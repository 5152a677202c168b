"""Registrations and unregistrations with something missing.

The Java server keeps what is broken in its tables, and fails over it later: these servers serve
nothing else, and every broker here has a name of its own.
"""

import pytest

from harness.frames import ask
from harness.pair import Pair
from harness.questions import shown, versions
from harness.registrations import body, member, registration

TOPICS = {"diff-a": 4, "diff-b": 4}


@pytest.mark.parametrize("missing", ["brokerName", "brokerId"])
def test_an_unregistration_without_a_name_or_an_id(pair: Pair, missing: str) -> None:
    who = member(f"leaving-{missing}")
    pair.same(registration(who, body(TOPICS)))
    pair.same(ask(104, fields={name: told for name, told in who.items() if name != missing}))
    pair.settle()
    if missing == "brokerId":
        pair.unlike("incomplete-request", *(shown(peer, who) for peer in pair.peers))
        assert not shown(pair.ours, who)
    else:
        pair.unlike("incomplete-request", *versions(pair, who))


NULLS = {
    "topicName": '"topicConfigTable":{"diff-a":{"topicName":null},"diff-b":{"topicName":"diff-b"}}',
    "dataVersion": '"topicConfigTable":{},"dataVersion":null',
    "mappings": '"topicConfigTable":{},"topicQueueMappingInfoMap":null',
}


@pytest.mark.parametrize("name", NULLS)
def test_a_registration_with_null_in_it(pair: Pair, name: str) -> None:
    who = member(f"null-{name}")
    table = NULLS[name]
    if '"dataVersion"' not in table:
        table += ',"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1}'
    pair.same(registration(who, f'{{"topicConfigSerializeWrapper":{{{table}}}}}'.encode()))
    theirs, ours = versions(pair, who)
    pair.unlike("incomplete-request", theirs, ours)
    assert ours is not None


def test_a_mapping_without_a_broker_and_a_null_queue(pair: Pair) -> None:
    table = '"topicConfigTable":{},"topicQueueMappingInfoMap":{"diff-c":null}'
    who = member("null-mapping")
    frame = registration(who, f'{{"topicConfigSerializeWrapper":{{{table}}}}}'.encode())
    pair.differs("incomplete-request", frame)
    pair.differs("incomplete-request", ask(217, b'{"queueDatas":[[]]}', topic="diff-a"))


@pytest.mark.parametrize("missing", ["brokerName", "brokerAddr", "clusterName"])
def test_a_registration_without_a_name_or_an_address(pair: Pair, missing: str) -> None:
    who = member(f"nameless-{missing}")
    del who[missing]
    pair.same(registration(who, body(TOPICS), fields={missing: "", "haServerAddr": "ha:1"}))
    if missing == "brokerAddr":
        pair.unlike("incomplete-request", *(shown(peer, who) for peer in pair.peers))
    else:
        assert not shown(pair.ours, who)
