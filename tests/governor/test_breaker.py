"""The breaker: a failing system is left alone by everybody, and tried by one."""

from datetime import timedelta

import pytest

from config.model import BreakerConfig
from midspan.governor.breaker import Fuse, Outcome
from midspan.governor.state import GateState, Running
from midspan.kernel.errors import AccessDenied, SessionExpired, TransientError

CONFIG = BreakerConfig(3, timedelta(seconds=10), timedelta(seconds=35))
FAILED = Outcome.of(TransientError("http.busy", "busy"))
ANSWERED = Outcome.of(None)
NOON = 1_800_000_000.0


class Bench:
    def __init__(self):
        self.fuse, self.state, self.calls = Fuse(CONFIG), GateState(), 0

    def call(self, outcome, now):
        """Make a whole call if the breaker lets it begin; return whether it did."""
        name = self.begin(now)
        if name:
            self.end(name, outcome, now)
        return bool(name)

    def begin(self, now):
        if self.fuse.blocks(self.state, now):
            return ""
        self.calls += 1
        name = f"call{self.calls}"
        self.fuse.begin(self.state, name)
        self.state.running[name] = Running("sync", now, now, now + 60)
        return name

    def end(self, name, outcome, now):
        del self.state.running[name]
        self.fuse.end(self.state, name, outcome, now)

    def opens_after(self, now):
        wait = self.fuse.blocks(self.state, now)
        assert wait is not None
        return wait.until - now


@pytest.fixture
def bench():
    return Bench()


def test_failures_in_a_row_open_it(bench):
    """The third lets nobody through for the cooldown, spread by a fifth."""
    began = [bench.call(FAILED, NOON) for _ in range(4)]

    assert began == [True, True, True, False]
    assert 10 <= bench.opens_after(NOON) <= 12
    assert bench.state.breaker.last == "http.busy"


@pytest.mark.parametrize(
    "error", [None, AccessDenied("x", "no"), SessionExpired("x", "no")], ids=lambda e: repr(e)
)
def test_an_answer_ends_the_row(bench, error):
    """A no is an answer, too."""
    for outcome in (FAILED, FAILED, Outcome.of(error), FAILED, FAILED):
        assert bench.call(outcome, NOON)

    assert bench.fuse.blocks(bench.state, NOON) is None


def test_what_broke_on_our_side_says_nothing(bench):
    """Neither does it end the row, nor lengthen it."""
    for outcome in (FAILED, FAILED, Outcome.of(ValueError()), Outcome.of(KeyboardInterrupt())):
        assert bench.call(outcome, NOON)

    assert bench.call(FAILED, NOON)
    assert not bench.call(ANSWERED, NOON)


def test_one_call_tries_and_closes_it(bench):
    """While it is on its way the others wait; when it is answered all may call."""
    for _ in range(3):
        bench.call(FAILED, NOON)
    probe = bench.begin(NOON + 13)

    assert probe
    assert bench.begin(NOON + 13) == ""

    bench.end(probe, ANSWERED, NOON + 14)

    assert bench.begin(NOON + 14)
    assert bench.begin(NOON + 14)


def test_each_failed_try_doubles_the_cooldown_up_to_the_longest(bench):
    """Ten seconds, twenty, and then never more than the longest."""
    waits, now = [], NOON
    for _ in range(3):
        bench.call(FAILED, now)
    for _ in range(40):
        waits.append(bench.opens_after(now))
        now += waits[-1] + 0.1
        assert bench.call(FAILED, now)

    assert 20 <= waits[1] <= 24
    assert max(waits) <= 35 * 1.2


def test_calls_that_began_before_decide_nothing(bench):
    """Only the call that tries closes or opens it again."""
    early = [bench.begin(NOON) for _ in range(5)]
    for name in early[:3]:
        bench.end(name, FAILED, NOON)
    wait = bench.opens_after(NOON)
    bench.end(early[3], ANSWERED, NOON)
    bench.end(early[4], FAILED, NOON)

    assert bench.opens_after(NOON) == wait


def test_a_try_that_died_is_tried_again(bench):
    """When its place has expired, the next call tries."""
    for _ in range(3):
        bench.call(FAILED, NOON)
    probe = bench.begin(NOON + 13)
    del bench.state.running[probe]

    assert bench.begin(NOON + 80)


def test_a_system_that_asks_for_peace_has_it_from_everybody(bench):
    """One caller was told; nobody calls; never longer than the longest cooldown."""
    bench.call(Outcome.of(TransientError("http.busy", "busy", retry_after=7.0)), NOON)

    assert bench.opens_after(NOON) == 7
    assert bench.begin(NOON + 7)

    bench.call(Outcome.of(TransientError("http.busy", "busy", retry_after=1e9)), NOON + 8)

    assert bench.opens_after(NOON + 8) <= 35
