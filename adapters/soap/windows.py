"""Walks a list without pages in steps of its cursor.

Guarantee: the steps leave no gap: each begins a little before the end of the one before, and
the last reaches beyond the source's own clock. A step that shows as many records as the system
gives at most was cut off, and is halved until it shows fewer.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from adapters.base import BoundStream
from adapters.pages import Walked
from adapters.soap.listing import Found, Listing
from adapters.soap.spec_lists import WindowsSpec
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.stream import Position

_SHORTEST = timedelta(seconds=1)


def walk_windows(
    listing: Listing,
    spec: WindowsSpec,
    stream: BoundStream,
    lower: str | None,
    now: Callable[[], datetime | None],
    position: Position | None,
) -> Iterator[Walked[list[Found]]]:
    """Yield the records of ``[lower, now + ahead]``, a step at a time.

    A position holds the canonical cursor text at which the next step begins.
    """
    if stream.cursor is None or stream.cursor.type not in ("datetime", "date"):
        raise MidspanError(
            "soap.windows",
            f"'{stream.name}' is read in steps of time, and has no cursor that tells time",
            remedy="Give the stream a cursor of type datetime or date, or remove 'windows'",
        )
    codec = stream.cursor.codec
    beginning = codec.parse(lower if lower is not None else spec.beginning)
    end = codec.at((now() or datetime.now(UTC)) + spec.ahead) or beginning
    start, step = position["from"] if position else beginning, spec.step
    first = position is None
    while first or start < end:
        until = max(min(codec.shift(start, -step), end), start)
        begin = start if start == beginning else codec.shift(start, spec.overlap)
        values = {"lower": lower, "from": codec.render(begin), "to": codec.render(until)}
        found = listing.records(values, f"step from {codec.render(begin)}")
        if spec.limit is not None and len(found) >= spec.limit:
            step = _halved(step, stream, spec.limit)
            continue
        start, first = until, False
        yield Walked(found, {"from": start})
        step = min(step * 2, spec.step)


def _halved(step: timedelta, stream: BoundStream, limit: int) -> timedelta:
    shortest = (
        _SHORTEST if stream.cursor and stream.cursor.type == "datetime" else timedelta(days=1)
    )
    if step <= shortest:
        raise ProtocolError(
            "adapter.silent_loss",
            f"'{stream.name}' shows {limit} records for one stamp: there may be more",
            remedy="Raise the limit in the system, or filter by more than the cursor",
        )
    return max(step / 2, shortest)
