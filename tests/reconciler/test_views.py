"""Comparing what the servers show of the brokers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rocketmq_operator.reconciler.views import (
    BrokerId,
    Entry,
    Limits,
    Mirror,
    ServerView,
    Sighting,
    State,
    mirror,
    showable,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(stale_after=45, forget_after=3600)
A = BrokerId("c1", "broker-a", 0)
SEEN = Sighting("10.0.0.1:10911", topics=3, data_version="0/1000/1")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def showing(*brokers: BrokerId, sighting: Sighting = SEEN, settled: bool = True) -> ServerView:
    return ServerView(dict.fromkeys(brokers, sighting), settled=settled)


def follow(*steps: tuple[float, dict[str, ServerView]]) -> Mirror:
    """The mirror after these moments, each with the views of the servers that answered."""
    found = Mirror()
    for seconds, views in steps:
        found = mirror(found.entries, views, LIMITS, at(seconds))
    return found


def only(found: Mirror) -> Entry:
    (entry,) = found.entries
    return entry


def test_a_broker_that_all_servers_show_is_online() -> None:
    entry = only(follow((0, {"s0": showing(A), "s1": showing(A)})))
    assert (entry.state, entry.views, entry.missing_from) == (State.ONLINE, "2/2", ())


def test_a_broker_missing_for_a_moment_is_still_online() -> None:
    entry = only(follow((0, {"s0": showing(A), "s1": showing()})))
    assert (entry.state, entry.views, entry.missing_from) == (State.ONLINE, "1/2", ("s1",))


def test_a_broker_missing_for_long_is_diverged() -> None:
    views = {"s0": showing(A), "s1": showing()}
    entry = only(follow((0, views), (44, views), (45, views)))
    assert entry.state is State.DIVERGED


def test_a_diverged_broker_recovers() -> None:
    apart = {"s0": showing(A), "s1": showing()}
    entry = only(follow((0, apart), (45, apart), (50, {"s0": showing(A), "s1": showing(A)})))
    assert (entry.state, entry.since) == (State.ONLINE, at(50))


def test_topics_that_differ_are_a_disagreement() -> None:
    behind = showing(A, sighting=replace(SEEN, topics=2, data_version="0/900/9"))
    entry = only(follow((0, {"s0": showing(A), "s1": behind})))
    assert (entry.missing_from, entry.sighting) == (("s1",), SEEN)


def test_a_server_that_does_not_tell_topics_agrees_by_address() -> None:
    plain = showing(A, sighting=Sighting(SEEN.address))
    assert only(follow((0, {"s0": showing(A), "s1": plain}))).missing_from == ()


def test_a_broker_that_nobody_shows_is_offline_at_once() -> None:
    entry = only(follow((0, {"s0": showing(A)}), (5, {"s0": showing()})))
    assert (entry.state, entry.since, entry.last_seen) == (State.OFFLINE, at(5), at(0))


def test_the_last_sighting_of_a_lost_broker_is_when_a_server_last_heard_of_it() -> None:
    gone = ServerView({}, known={A: at(3)})
    assert only(follow((0, {"s0": showing(A)}), (5, {"s0": gone}))).last_seen == at(3)


def test_silence_keeps_every_broker_as_it_was() -> None:
    found = follow((0, {"s0": showing(A)}), (500, {}))
    assert (only(found).state, found.answering) == (State.ONLINE, 0)


def test_a_server_that_has_just_started_cannot_declare_a_broker_gone() -> None:
    entry = only(follow((0, {"s0": showing(A)}), (5, {"s0": showing(settled=False)})))
    assert entry.state is State.ONLINE


def test_a_young_server_that_showed_the_broker_before_is_believed() -> None:
    young = ServerView({}, known={A: at(1)}, settled=False)
    entry = only(follow((0, {"s0": showing(A)}), (5, {"s0": young})))
    assert entry.state is State.OFFLINE


def test_an_offline_broker_is_forgotten_after_a_while() -> None:
    steps = ((0, {"s0": showing(A)}), (5, {"s0": showing()}), (3604, {"s0": showing()}))
    assert len(follow(*steps).entries) == 1
    assert follow(*steps, (3605, {"s0": showing()})).entries == ()


def test_brokers_in_trouble_come_first() -> None:
    b = BrokerId("c1", "broker-b", 0)
    found = follow((0, {"s0": showing(A, b)}), (5, {"s0": showing(A)}))
    assert [entry.broker for entry in found.entries] == [b, A]


@pytest.mark.parametrize(
    ("seconds", "views", "due"),
    [
        (0, {"s0": showing(A)}, None),
        (0, {"s0": showing(A), "s1": showing()}, 45.0),
    ],
)
def test_the_mirror_tells_when_time_alone_will_change_it(
    seconds: float, views: dict[str, ServerView], due: float | None
) -> None:
    assert follow((seconds, views)).next_change(LIMITS, at(seconds)) == due


EMPTY = showing()
YOUNG = showing(settled=False)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([(0, {"s0": showing(A)}), (5, {"s0": EMPTY}), (9000, {})], id="offline"),
        pytest.param([(0, {"s0": showing(A), "s1": EMPTY}), (9000, {})], id="missing"),
    ],
)
def test_while_no_server_answers_time_alone_changes_nothing(
    steps: list[tuple[float, dict[str, ServerView]]],
) -> None:
    found = follow(*steps)
    assert len(found.entries) == 1
    assert found.next_change(LIMITS, at(9000)) is None


def test_a_broker_that_young_servers_lack_changes_by_their_word_only() -> None:
    found = follow((0, {"s0": showing(A)}), (9000, {"s0": YOUNG}))
    assert only(found).state is State.ONLINE
    assert found.next_change(LIMITS, at(9000)) is None


def test_a_broker_that_comes_back_to_one_server_first_is_not_diverged_at_once() -> None:
    found = follow(
        (0, {"s0": showing(A), "s1": showing(A)}),
        (9000, {"s0": YOUNG, "s1": YOUNG}),
        (9010, {"s0": showing(A), "s1": YOUNG}),
    )
    assert only(found).state is State.ONLINE
    assert found.next_change(LIMITS, at(9010)) == 35.0


def test_an_entry_survives_the_way_through_the_status() -> None:
    entry = only(follow((0, {"s0": showing(A), "s1": showing()})))
    assert Entry.from_status(entry.to_status()) == entry


def test_a_broker_with_an_endless_name_is_not_shown() -> None:
    assert showable({BrokerId("c", "x" * 256, 0): SEEN, A: SEEN}) == {A: SEEN}
