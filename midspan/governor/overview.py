"""What a system's gate looks like from outside: for the command and for the page in Airflow.

Reading it locks nothing and changes nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from config.model import SystemConfig
from midspan.governor.budget import Limits, forget
from midspan.governor.control import ControlStore, Pause, Seen
from midspan.governor.state import Breaker, GateState
from midspan.governor.windows import read_windows, reopening
from midspan.kernel.gate import Lane

BreakerState = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Overview:
    """A system's gate at a moment of the database's clock.

    ``running`` and ``waiting`` count callers by lane, ``starts`` those that count against the
    rate now; ``closed_until`` names the lanes that a window keeps out.
    """

    system: str
    pause: Pause | None
    closed_until: dict[str, datetime]
    breaker: BreakerState
    breaker_opens: datetime | None
    last_failure: str
    held_until: datetime | None
    running: dict[str, int]
    waiting: dict[str, int]
    starts: int
    limits: Limits

    @property
    def state(self) -> str:
        """Return the one word that matters most: paused, failing, closed or open."""
        if self.pause is not None:
            return "paused"
        if self.breaker != "closed":
            return "failing"
        return "closed" if self.closed_until else "open"


def overview(control: ControlStore, system: str, config: SystemConfig) -> Overview:
    """Return how a system's gate stands."""
    seen = control.look(system) or Seen(GateState(), None, datetime.now(UTC).timestamp())
    state, moment = seen.state, datetime.fromtimestamp(seen.now, UTC)
    forget(state, seen.now)
    windows = read_windows(config.windows)
    closed = {lane.value: reopening(windows, lane, moment) for lane in Lane}
    breaker = state.breaker
    return Overview(
        system=system,
        pause=seen.pause,
        closed_until={lane: until for lane, until in closed.items() if until is not None},
        breaker=_breaker(breaker, seen.now),
        breaker_opens=_moment(breaker.opens) if breaker.opens is not None else None,
        last_failure=breaker.last,
        held_until=_moment(breaker.held_until) if breaker.held_until > seen.now else None,
        running=dict(Counter(call.lane for call in state.running.values())),
        waiting=dict(Counter(ticket.lane for ticket in state.waiting.values())),
        starts=len(state.running) + sum(one.live + one.others for one in state.spent),
        limits=Limits.of(config.budget),
    )


def _breaker(breaker: Breaker, now: float) -> BreakerState:
    if breaker.opens is None:
        return "closed"
    return "open" if breaker.opens > now else "half-open"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
