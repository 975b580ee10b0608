"""What work carries along by itself: its trace, its deadline, and whose message it is.

Whoever takes a call or an event says so with ``working``; whatever is sent from inside it, in
the same thread, goes on in the same trace (W3C trace context), and a call never outlives the
call that it was made for. Where an OpenTelemetry span is active, its context is what goes on.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

_RUNS: Final = UUID("b8c0f1d2-6f0a-4f57-9d0d-747261636572")
_TRACEPARENT: Final = re.compile(
    r"^[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})$"
)
_SAMPLED: Final = "01"


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work; ``deadline`` is unix time in seconds."""

    traceparent: str | None = None
    deadline: float | None = None
    message_id: str | None = None
    correlation_id: str | None = None


_NONE: Final = Work()
_current: ContextVar[Work] = ContextVar("midspan_work", default=_NONE)


def current_work() -> Work:
    """Return what this thread works on; an empty Work outside of any."""
    return _current.get()


@contextmanager
def working(work: Work) -> Iterator[None]:
    """Say what this thread works on, until the block ends."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


def next_traceparent() -> str:
    """Return the traceparent of a message sent now: a new span of the current trace.

    Without a trace, one begins.
    """
    return child_of(_active_span() or _current.get().traceparent)


def child_of(parent: str | None) -> str:
    """Return a new span in the trace of ``parent``; one that cannot be read begins a new trace."""
    found = _TRACEPARENT.match(parent) if parent else None
    span = os.urandom(8).hex()
    if found is None:
        return f"00-{os.urandom(16).hex()}-{span}-{_SAMPLED}"
    return f"00-{found['trace']}-{span}-{found['flags']}"


def trace_of_run(run_id: str) -> str:
    """Return the traceparent of a sync's run, the same in every process."""
    seed = uuid5(_RUNS, run_id).hex
    return f"00-{seed}-{uuid5(_RUNS, seed).hex[:16]}-{_SAMPLED}"


def trace_id(traceparent: str | None) -> str | None:
    """Return the trace's id, None for what is no traceparent."""
    found = _TRACEPARENT.match(traceparent) if traceparent else None
    return found["trace"] if found else None


def _active_span() -> str | None:
    """Return the active OpenTelemetry span, where the program has loaded that library."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
