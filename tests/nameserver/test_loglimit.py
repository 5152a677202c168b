"""Peers cannot make a server log without end, and nothing is left out silently."""

import logging

import pytest

from rocketmq_operator.nameserver.loglimit import LogLimit


class Log:
    """A logger behind a limit of 3 a second, with a clock of its own."""

    def __init__(self):
        self.now = 10.0
        self.lines = []
        self._logger = logging.Logger("limited")
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())
        handler.addFilter(LogLimit(lambda: self.now, 3))
        self._logger.addHandler(handler)

    def refused(self, number):
        self._logger.warning("peer %d refused", number)

    def lost(self):
        self._logger.warning("a broker is gone")


@pytest.fixture
def log():
    return Log()


def test_a_flood_is_cut_and_counted(log):
    for number in range(10):
        log.refused(number)
    assert log.lines == ["peer 0 refused", "peer 1 refused", "peer 2 refused"]
    log.now += 1
    log.refused(10)
    log.refused(11)
    assert log.lines[3:] == ["peer 10 refused (7 more like it were left out)", "peer 11 refused"]


def test_other_lines_are_not_cut_with_it(log):
    for number in range(10):
        log.refused(number)
    log.lost()
    assert log.lines[-1] == "a broker is gone"


def test_what_is_rare_passes_as_it_is(log):
    for number in range(10):
        log.now += 0.4
        log.refused(number)
    assert log.lines == [f"peer {number} refused" for number in range(10)]
