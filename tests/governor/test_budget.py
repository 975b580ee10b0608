"""The budget's arithmetic: whatever delays a call, the system never counts too many."""

import random
from itertools import pairwise

import pytest

from config.model import BudgetConfig
from midspan.governor.budget import (
    HANDICAP,
    Ask,
    Limits,
    begin,
    end,
    forget,
    free_at,
    heal_clock,
    queue,
)
from midspan.governor.state import GateState, load
from midspan.kernel.gate import Lane, Timeouts

TIMEOUTS = Timeouts(connect=2.0, read=3.0, total=4.0)
NOON = 1_800_000_000.0


class Desk:
    """One system's state, asked at given times."""

    def __init__(self, rate=5.0, concurrency=100, reserve=0.2):
        self.limits = Limits.of(BudgetConfig(rate, concurrency, reserve))
        self.state = GateState()
        self.begun = 0

    def ask(self, lane, now, name="", due=None):
        """Return None when the call may begin, else when to come back."""
        # A state that survives its own text has nothing that other processes would not see.
        self.state = load(self.state.dump())
        forget(self.state, now)
        heal_clock(self.state, self.limits, now)
        self.begun += 1
        name = name or f"call{self.begun}"
        ask = Ask(name, lane, now + HANDICAP[lane] if due is None else due)
        free = free_at(self.state, self.limits, ask, now)
        if free > now:
            queue(self.state, ask, free)
            return free
        begin(self.state, self.limits, ask, TIMEOUTS, now)
        return None

    def fill(self, lane, now, most=50):
        """Begin calls until one has to wait; return how many began."""
        for count in range(most):
            if self.ask(lane, now, f"{lane.value}{now}-{count}") is not None:
                del self.state.waiting[f"{lane.value}{now}-{count}"]
                return count
        return most


def most_in_any_window(times, length):
    return max(sum(first <= other < first + length for other in times) for first in times)


@pytest.mark.parametrize(
    ("rate", "length"), [(5, 1.0), (1, 1.0), (2.5, 1.0), (0.5, 2.0), (30, 1.0)]
)
@pytest.mark.parametrize("seed", range(4))
def test_no_window_holds_more_arrivals_than_the_rate(rate, length, seed):
    """Requests that linger anywhere between start and end, callers that die, all lanes."""
    chance = random.Random(seed)  # noqa: S311 no secret
    desk, now = Desk(rate), NOON
    arrivals: list[float] = []
    calls: list[tuple[float, str]] = []
    turns = {f"caller{n}": chance.choice(list(Lane)) for n in range(12)}
    ready = dict.fromkeys(turns, NOON)
    while len(arrivals) < 25 * rate**0.5:
        caller = min(ready, key=ready.__getitem__)
        now = ready[caller]
        for ended in sorted(one for one in calls if one[0] <= now):
            end(desk.state, desk.limits, ended[1], ended[0])
            calls.remove(ended)
        name = f"{caller}@{now}"
        free = desk.ask(turns[caller], now, name)
        if free is not None:
            desk.state.waiting.pop(name)
            ready[caller] = free + chance.uniform(0, 0.01)
            continue
        takes = chance.choice([0.01, 0.3, 1.4])
        arrivals.append(now + takes * chance.choice([0.0, 0.5, 1.0]))
        if chance.random() > 0.1:
            calls.append((now + takes, name))
        ready[caller] = now + takes

    assert most_in_any_window(sorted(arrivals), length) <= max(int(rate), 1)


def test_idle_time_is_not_saved_up():
    """After an hour of rest the first second still holds no more than the rate."""
    desk = Desk(rate=5, reserve=0)
    desk.fill(Lane.SYNC, NOON)

    assert desk.fill(Lane.SYNC, NOON + 3600) == 5


def test_the_rate_is_used_up_to_a_twentieth():
    """Protection does not waste what the owner allows, when calls are short."""
    desk, now, begun = Desk(rate=10, reserve=0), NOON, 0
    while now < NOON + 20:
        free = desk.ask(Lane.SYNC, now, f"c{begun}")
        if free is None:
            end(desk.state, desk.limits, f"c{begun}", now + 0.001)
            begun += 1
        now = max(now + 0.001, free or 0)

    assert begun >= 190


def test_live_has_its_reserve():
    """Syncs and backfills together leave a share of starts and of places to live calls."""
    desk = Desk(rate=10, concurrency=5)

    assert desk.fill(Lane.BACKFILL, NOON) == 4
    assert desk.fill(Lane.LIVE, NOON) == 1

    places = Desk(rate=10, concurrency=50)

    assert places.fill(Lane.SYNC, NOON) == 8
    assert places.fill(Lane.LIVE, NOON) == 2


@pytest.mark.parametrize("lane", Lane)
def test_the_smallest_budget_serves_every_lane(lane):
    """One call a second, one at a time: no reserve can be kept, and nobody is shut out."""
    desk = Desk(rate=1, concurrency=1)

    assert desk.fill(lane, NOON) == 1


def test_who_waits_is_served_in_turn():
    """A newcomer does not overtake, and each is told when its turn may come."""
    desk = Desk(rate=5, reserve=0)
    desk.fill(Lane.SYNC, NOON)
    for name in list(desk.state.running):
        end(desk.state, desk.limits, name, NOON + 0.1 * len(desk.state.running))
    first = desk.ask(Lane.SYNC, NOON + 0.6, "first")
    second = desk.ask(Lane.SYNC, NOON + 0.7, "second")

    assert first < second
    assert desk.ask(Lane.SYNC, first, "newcomer") is not None
    assert desk.ask(Lane.SYNC, first, "first", due=NOON + 0.6) is None


def test_sync_goes_before_backfill_for_a_while():
    """A backfill lets syncs pass that come within ten seconds, and then has its turn."""
    desk = Desk(rate=1)
    desk.fill(Lane.SYNC, NOON)
    desk.ask(Lane.BACKFILL, NOON + 0.1, "backfill")
    desk.ask(Lane.SYNC, NOON + 0.2, "sync")
    desk.state.running.clear()

    assert (
        desk.ask(Lane.BACKFILL, NOON + 1.5, "backfill", due=NOON + 0.1 + HANDICAP[Lane.BACKFILL])
        is not None
    )
    assert desk.ask(Lane.SYNC, NOON + 1.5, "sync", due=NOON + 0.2) is None

    desk.state.running.clear()
    desk.state.waiting["late"] = desk.state.waiting.pop("backfill")
    desk.state.waiting["late"].gone = NOON + 13

    assert desk.ask(Lane.SYNC, NOON + 12) is not None
    assert (
        desk.ask(Lane.BACKFILL, NOON + 12, "late", due=NOON + 0.1 + HANDICAP[Lane.BACKFILL]) is None
    )


def test_a_flood_of_live_calls_starves_nobody():
    """Whoever has waited for ten seconds goes before live calls."""
    desk = Desk(rate=1)
    desk.fill(Lane.LIVE, NOON)
    desk.ask(Lane.SYNC, NOON + 0.5, "sync")
    desk.state.running.clear()
    desk.state.waiting["sync"].gone = NOON + 6

    assert desk.ask(Lane.LIVE, NOON + 5, "early") is None

    desk.state.running.clear()
    desk.state.waiting["sync"].gone = NOON + 12

    assert desk.ask(Lane.LIVE, NOON + 11, "late") is not None
    assert desk.ask(Lane.SYNC, NOON + 11, "sync", due=NOON + 0.5) is None


def test_a_caller_that_died_waiting_is_forgotten():
    """Its turn passes to the next within seconds."""
    desk = Desk(rate=1)
    desk.fill(Lane.SYNC, NOON)
    desk.ask(Lane.SYNC, NOON + 0.1, "dead")

    assert desk.ask(Lane.SYNC, NOON + 6) is None


def test_a_place_that_nobody_gives_back_returns_after_the_total_timeout():
    """No earlier, and by itself."""
    desk = Desk(rate=100, concurrency=1)
    desk.ask(Lane.SYNC, NOON, "killed")

    assert desk.ask(Lane.LIVE, NOON + TIMEOUTS.total, "early") is not None

    del desk.state.waiting["early"]

    assert desk.ask(Lane.LIVE, NOON + TIMEOUTS.total + TIMEOUTS.connect + 0.01) is None


def test_a_clock_set_back_closes_the_system_for_a_window_only():
    """Stamps from the future count from now, not for an hour."""
    desk = Desk(rate=2, reserve=0)
    desk.fill(Lane.SYNC, NOON + 3600)
    for name in list(desk.state.running):
        end(desk.state, desk.limits, name, NOON + 3600.1)

    assert desk.fill(Lane.SYNC, NOON) == 0
    assert desk.fill(Lane.SYNC, NOON + 1.1) == 2


def test_the_state_does_not_grow_with_the_rate():
    """A thousand ended calls take no more room than the sixty-fourths of a window."""
    desk = Desk(rate=1000, reserve=0)
    for step in range(1000):
        now = NOON + step / 1000
        assert desk.ask(Lane.SYNC, now, "one") is None
        end(desk.state, desk.limits, "one", now)

    assert len(desk.state.spent) <= 66
    assert all(earlier.until < later.until for earlier, later in pairwise(desk.state.spent))
