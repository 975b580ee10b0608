"""What the gate of one system remembers, as one small value that all its callers share.

Invariant: its size is bounded by the budget and the number of callers, never by time. Calls
that have ended are kept as counts in the sixty-fourths of a window in which they stop
counting; what is over is forgotten at the next look. Times are seconds since 1970 by the
database's clock.
"""

from msgspec import Struct, field, json

from midspan.kernel.gate import Lane


class Running(Struct, array_like=True):
    """A call that was let through and has not come back.

    ``arrives`` is when its request has reached the system at the latest; ``expires`` when
    its place is free again although nobody gave it back.
    """

    lane: str
    began: float
    arrives: float
    expires: float


class Spent(Struct, array_like=True):
    """Starts that count against the rate until ``until``."""

    until: float
    live: int = 0
    others: int = 0


class Ticket(Struct, array_like=True):
    """A caller that waits. Earlier ``due`` goes first; one that misses ``gone`` has left."""

    lane: str
    due: float
    gone: float


class Breaker(Struct):
    """``opens`` is when a call may try again; None while the breaker is closed.

    ``last`` is the error code of the last failure.
    """

    failures: int = 0
    trips: int = 0
    opens: float | None = None
    probe: str | None = None
    held_until: float = 0.0
    last: str = ""


class GateState(Struct):
    """One system's calls, those who wait, and its breaker."""

    running: dict[str, Running] = field(default_factory=dict)
    spent: list[Spent] = field(default_factory=list)
    waiting: dict[str, Ticket] = field(default_factory=dict)
    breaker: Breaker = field(default_factory=Breaker)

    def dump(self) -> str:
        """Return the state as text."""
        return json.encode(self).decode()


def load(text: str) -> GateState:
    """Return a state from its text."""
    return json.decode(text, type=GateState)


def is_live(lane: str) -> bool:
    """Whether a lane may use the reserve."""
    return lane == Lane.LIVE.value
