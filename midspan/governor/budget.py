"""How many calls may begin now: the arithmetic of one system's budget.

Guarantee: in no second, as the system itself counts them, do more calls reach it than the
rate allows (its whole part; a rate below one is one call in ``1/rate`` seconds), and no more
run at once than the concurrency allows.

A call reaches the system some time between the moment it was let through and the moment it
came back. Nobody here knows when; a busy machine or network may hold it up for long. So a
call counts against the rate from its start until one window after its *end* (of a call that
does not come back: after its connect timeout, by when it has reached the system or never
will). Suppose more calls than the rate reached the system within one window. When the last
of them to start was let through, each other one was still running or had ended less than a
window before, so all of them counted, and it would not have been let through. Delays cost
some throughput, never the guarantee. ``MARGIN`` is for clocks that tick in milliseconds.

Lanes: syncs and backfills leave ``reserve`` of both limits to live calls. Whoever waits holds
a ticket; tickets are served by ``due``: arrival, less a head start for live calls, plus a
handicap for backfills. So live goes before sync and sync before backfill, and yet none
starves: what has waited longer than its handicap is next in turn.
"""

import math
from dataclasses import dataclass

from config.model import BudgetConfig
from midspan.governor.state import GateState, Running, Spent, Ticket, is_live
from midspan.kernel.gate import Lane, Timeouts

MARGIN = 0.01
HANDICAP = {Lane.LIVE: -10.0, Lane.SYNC: 0.0, Lane.BACKFILL: 10.0}
"""Seconds by which a call's turn is moved."""

LONGEST_NAP = 1.0
_SHORTEST_NAP = 0.02
_ABSENT = 2.0
_GRID = 64


@dataclass(frozen=True, slots=True)
class Limits:
    """A budget in numbers: starts in a ``window`` of seconds, and calls at the same time."""

    starts: int
    shared_starts: int
    slots: int
    shared_slots: int
    window: float

    @classmethod
    def of(cls, config: BudgetConfig) -> "Limits":
        """Return the limits of a checked budget; every lane keeps one start and one slot."""
        starts = max(int(config.rate), 1)
        return cls(
            starts=starts,
            shared_starts=_without_reserve(starts, config.reserve),
            slots=config.concurrency,
            shared_slots=_without_reserve(config.concurrency, config.reserve),
            window=max(1.0, starts / config.rate) + MARGIN,
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """A caller who wants to begin; ``due`` is its place in the order of turns."""

    id: str
    lane: Lane
    due: float


def forget(state: GateState, now: float) -> None:
    """Drop what is over."""
    for call_id in [one for one, call in state.running.items() if call.expires <= now]:
        del state.running[call_id]
    for ticket_id in [one for one, ticket in state.waiting.items() if ticket.gone <= now]:
        del state.waiting[ticket_id]
    state.spent = [spent for spent in state.spent if spent.until > now]


def heal_clock(state: GateState, limits: Limits, now: float) -> None:
    """Make stamps from the future, left by a clock that was set back, count from now."""
    latest = _end_of(now, limits)
    for spent in state.spent:
        spent.until = min(spent.until, latest)
    for call in state.running.values():
        late = call.began - now
        if late > 0:
            call.began, call.arrives, call.expires = now, call.arrives - late, call.expires - late
    for ticket in state.waiting.values():
        ticket.due = min(ticket.due, now + HANDICAP[Lane(ticket.lane)])
        ticket.gone = min(ticket.gone, now + LONGEST_NAP + _ABSENT)


def free_at(state: GateState, limits: Limits, ask: Ask, now: float) -> float:
    """Return when ``ask`` may begin: ``now`` when it may, else the earliest it can hope for.

    The state must hold nothing that is over.
    """
    live = is_live(ask.lane.value)
    ahead = sum(
        (ticket.due, one) < (ask.due, ask.id)
        for one, ticket in state.waiting.items()
        if one != ask.id
    )
    running = len(state.running)
    shared = sum(not is_live(call.lane) for call in state.running.values())
    ends = _rate_ends(state, limits, now, shared_only=False)
    shared_ends = _rate_ends(state, limits, now, shared_only=True)
    room = limits.starts - len(ends), limits.slots - running
    shared_room = limits.shared_starts - len(shared_ends), limits.shared_slots - shared
    if live:
        # Those who wait in the other lanes can only take what those lanes may use.
        ahead = min(ahead, max(0, min(*room, *shared_room)))
    naps = [_nap(ends, room[0] - ahead, now)]
    slots = room[1] - ahead
    if not live:
        naps.append(_nap(shared_ends, shared_room[0] - ahead, now))
        slots = min(slots, shared_room[1] - ahead)
    if slots < 1:
        naps.append(now + _slot_nap(state, now))
    return max(naps)


def begin(state: GateState, limits: Limits, ask: Ask, timeouts: Timeouts, now: float) -> None:
    """Let ``ask`` begin."""
    state.waiting.pop(ask.id, None)
    arrives = now + timeouts.connect
    # The slot outlives the total timeout: a call that is cut off by it is off the wire.
    expires = arrives + max(timeouts.total, limits.window)
    state.running[ask.id] = Running(ask.lane.value, now, arrives, expires)


def queue(state: GateState, ask: Ask, back_at: float) -> None:
    """Keep the turn of a caller that comes back at ``back_at``."""
    state.waiting[ask.id] = Ticket(ask.lane.value, ask.due, back_at + _ABSENT)


def end(state: GateState, limits: Limits, call_id: str, now: float) -> bool:
    """Note that a call came back; False when it had been given up."""
    call = state.running.pop(call_id, None)
    if call is None:
        return False
    until = _end_of(min(now, call.arrives), limits)
    if until > now:
        _spend(state, until, live=is_live(call.lane))
    return True


def _spend(state: GateState, until: float, *, live: bool) -> None:
    spent = next((one for one in state.spent if one.until == until), None)
    if spent is None:
        spent = Spent(until)
        state.spent.append(spent)
    if live:
        spent.live += 1
    else:
        spent.others += 1


def _end_of(arrived: float, limits: Limits) -> float:
    step = limits.window / _GRID
    return math.ceil((arrived + limits.window) / step) * step


def _rate_ends(state: GateState, limits: Limits, now: float, *, shared_only: bool) -> list[float]:
    """Return, for each start that counts against the rate, when it stops at the earliest."""
    ends = []
    for spent in state.spent:
        ends += [spent.until] * (spent.others if shared_only else spent.others + spent.live)
    for call in state.running.values():
        if shared_only and is_live(call.lane):
            continue
        until = min(now, call.arrives) + limits.window
        if until > now:
            ends.append(until)
    return sorted(ends)


def _nap(ends: list[float], room: int, now: float) -> float:
    """Return when one more start fits, given how many fit now."""
    if room >= 1:
        return now
    return ends[min(-room, len(ends) - 1)] if ends else now + LONGEST_NAP


def _slot_nap(state: GateState, now: float) -> float:
    """Return how long to wait for a running call: the longer they run, the longer."""
    age = min((now - call.began for call in state.running.values()), default=0.0)
    return min(max(age / 8, _SHORTEST_NAP), LONGEST_NAP / 2)


def _without_reserve(limit: int, reserve: float) -> int:
    return max(limit - math.ceil(limit * reserve), 1)
