"""Who may call a system now: pause, windows, breaker and budget, in this order.

One decision is one short transaction on the system's row. A live call gets its answer at
once: where a look at the row, without its lock, shows that it cannot begin, it is refused
with ``retry_after``, however long somebody else holds the lock; else one decision lets it
begin or refuses it, within the time that the lock may take. Only a decision under the lock
admits. Syncs and backfills wait, asking again when the state says it is worth it, and give up
when their patience ends; a pause and a window send them away at once, to come back later.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from config.model import SystemConfig
from midspan.governor import budget
from midspan.governor.breaker import Fuse, Outcome, Wait
from midspan.governor.budget import HANDICAP, LONGEST_NAP, Ask, Limits
from midspan.governor.control import LOCK_SECONDS, ControlStore, Pause, Seen, is_busy, patiently
from midspan.governor.windows import read_windows, reopening
from midspan.kernel.clock import Clock
from midspan.kernel.errors import SystemClosed, TransientError
from midspan.kernel.gate import Lane, Timeouts

PAUSE_LOOK = timedelta(minutes=1)
_BREAKER_LOOK = 5.0
_JITTER = 0.005
_GIVE_BACK_SECONDS = 2.0
_BUSY = "its control store was busy"


class Admission:
    """Lets the calls of one process into one system begin, and notes how they end."""

    def __init__(
        self,
        system: str,
        config: SystemConfig,
        timeouts: Timeouts,
        control: ControlStore,
        clock: Clock,
        patience: timedelta,
    ) -> None:
        self._system = system
        self._timeouts = timeouts
        self._limits = Limits.of(config.budget)
        self._windows = read_windows(config.windows)
        self._fuse = Fuse(config.breaker)
        self._control = control
        self._clock = clock
        self._patience = patience.total_seconds()
        control.create(system)

    def enter(self, lane: Lane) -> str:
        """Return the id of a call that may begin now; wait for it unless it is live.

        Raises SystemClosed in a window or pause, TransientError with ``retry_after`` when the
        call is refused.
        """
        deadline = self._clock.monotonic() + (0 if lane is Lane.LIVE else self._patience)
        call_id, due = uuid4().hex[:12], None
        if lane is Lane.LIVE:
            self._refuse_at_sight(self._decision(call_id, lane, due, deadline))
        while True:
            try:
                due, wait, refusal = self._control.change(
                    self._system, self._decision(call_id, lane, due, deadline)
                )
            except TransientError as error:
                if not is_busy(error):
                    raise
                wait, refusal = LOCK_SECONDS, self._over_budget(LOCK_SECONDS, _BUSY)
            if refusal is None:
                return call_id
            if self._clock.monotonic() + wait > deadline:
                raise refusal
            self._clock.sleep(wait + random.uniform(0, _JITTER))  # noqa: S311 no secret

    def leave(self, call_id: str, outcome: Outcome) -> None:
        """Note that a call ended, and how."""

        def note(seen: Seen) -> None:
            budget.forget(seen.state, seen.now)
            budget.end(seen.state, self._limits, call_id, seen.now)
            self._fuse.end(seen.state, call_id, outcome, seen.now)

        patiently(lambda: self._control.change(self._system, note), _GIVE_BACK_SECONDS)
        self._control.tidy()

    def _refuse_at_sight(self, decide: Callable[[Seen], object]) -> None:
        """Raise what ``decide`` would raise now; its decision is made on a copy, and lost."""
        try:
            seen = self._control.look(self._system)
        except TransientError as error:
            if not is_busy(error):
                raise
            return
        if seen is not None:
            decide(seen)

    def _decision(
        self, call_id: str, lane: Lane, due: float | None, deadline: float
    ) -> "Callable[[Seen], tuple[float, float, TransientError | None]]":
        def decide(seen: Seen) -> tuple[float, float, TransientError | None]:
            self._refuse_closed(seen, lane)
            ask = Ask(call_id, lane, seen.now + HANDICAP[lane] if due is None else due)
            wait, refusal = self._admit(seen, ask)
            if refusal is None:
                return ask.due, 0.0, None
            if self._clock.monotonic() + wait > deadline:
                # Raised in here, so that nothing is written for a caller who leaves.
                raise refusal
            return ask.due, wait, refusal

        return decide

    def _admit(self, seen: Seen, ask: Ask) -> tuple[float, TransientError | None]:
        """Let the call begin, or return how long to wait and how to say no."""
        state, now = seen.state, seen.now
        budget.forget(state, now)
        budget.heal_clock(state, self._limits, now)
        blocked = self._fuse.blocks(state, now)
        if blocked is not None:
            wait = blocked.until - now
            return min(wait, _BREAKER_LOOK), self._held_off(blocked, wait, state.breaker.last)
        wait = budget.free_at(state, self._limits, ask, now) - now
        if wait > 0:
            nap = min(wait, LONGEST_NAP)
            budget.queue(state, ask, now + nap)
            return nap, self._over_budget(wait, "its budget is used up")
        self._fuse.begin(state, ask.id)
        budget.begin(state, self._limits, ask, self._timeouts, now)
        return 0.0, None

    def _refuse_closed(self, seen: Seen, lane: Lane) -> None:
        now = datetime.fromtimestamp(seen.now, UTC)
        if seen.pause is not None:
            raise _paused(self._system, seen.pause, now)
        reopens_at = reopening(self._windows, lane, now)
        if reopens_at is not None:
            raise SystemClosed(
                "governor.window_closed",
                f"the system '{self._system}' may not be called by the lane {lane.value} "
                f"until {reopens_at.isoformat(timespec='seconds')}",
                reopens_at,
                remedy="Nothing needs to be done: the work goes on when the window is over",
                system=self._system,
            )

    def _over_budget(self, wait: float, why: str) -> TransientError:
        return TransientError(
            "governor.over_budget",
            f"the system '{self._system}' cannot take another call now: {why}",
            remedy="Call again later, or raise the budget if its owner agrees",
            retry_after=max(round(wait, 3), LOCK_SECONDS),
            system=self._system,
        )

    def _held_off(self, blocked: Wait, wait: float, last: str) -> TransientError:
        if not blocked.open:
            return self._over_budget(wait, "it asked to be left alone for a while")
        return TransientError(
            "governor.breaker_open",
            f"the system '{self._system}' failed several times in a row, at last with {last}, "
            "and is left alone",
            remedy="See why it fails; 'midspan status' says when it is tried again, by itself",
            retry_after=max(round(wait, 3), LOCK_SECONDS),
            system=self._system,
        )


def _paused(system: str, pause: Pause, now: datetime) -> SystemClosed:
    return SystemClosed(
        "governor.paused",
        f"the system '{system}' was paused by {pause.by} at "
        f"{pause.at.isoformat(timespec='seconds')}: {pause.why}",
        now + PAUSE_LOOK,
        remedy=f"Run 'midspan resume {system}' when it may be called again",
        system=system,
    )
