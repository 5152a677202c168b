"""A watch that is stuck is found by what lists show."""

from rocketmq_operator.reconciler.kinds import POD, SERVICE
from rocketmq_operator.reconciler.unheard import MAX_REMEMBERED, PATIENCE, Unheard


def pod(version: int, name: str = "a") -> dict[str, object]:
    return {"metadata": {"namespace": "ns", "name": name, "resourceVersion": str(version)}}


def test_what_a_watch_never_tells_is_named() -> None:
    unheard = Unheard()
    unheard.listed(POD, pod(5), now=0)
    assert unheard.stuck(PATIENCE) == ""
    words = "the watch of pods is stuck: it has not told of ns/a for 61 s"
    assert unheard.stuck(PATIENCE + 1) == words


def test_what_it_tells_late_or_in_a_newer_version_is_well() -> None:
    for version in (5, 6):
        unheard = Unheard()
        unheard.listed(POD, pod(5), now=0)
        unheard.heard(POD, pod(version))
        assert unheard.stuck(1e9) == ""


def test_an_older_version_and_another_kind_are_not_what_was_shown() -> None:
    unheard = Unheard()
    unheard.listed(POD, pod(5), now=0)
    unheard.heard(POD, pod(4))
    unheard.heard(SERVICE, pod(5))
    assert unheard.stuck(1e9)


def test_later_lists_do_not_make_it_younger() -> None:
    unheard = Unheard()
    unheard.listed(POD, pod(5), now=0)
    unheard.listed(POD, pod(6), now=PATIENCE)
    assert unheard.stuck(PATIENCE + 1)


def test_it_remembers_no_more_than_it_may() -> None:
    unheard = Unheard()
    for number in range(MAX_REMEMBERED + 1):
        unheard.listed(POD, pod(5, f"p{number}"), now=0)
    for number in range(MAX_REMEMBERED):
        unheard.heard(POD, pod(5, f"p{number}"))
    assert unheard.stuck(1e9) == ""
