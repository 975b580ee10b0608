"""What travels from a legacy system to the pipeline: streams, slices, batches, records.

A batch is columnar in name and row-wise in shape: one tuple of column names, one tuple of
values for each row. Memory is bounded by the batch. What could not be read at all travels
beside the rows as rejects, with its original bytes; so does each row's origin, on request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]
Key = tuple[Any, ...]
Position = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """One stream's result of a connection check; ``problem`` is empty when all is well.

    ``writable`` is None where writing was not asked about or cannot be told without writing.
    ``grant`` is what the system's administrator has to give, in the system's own words.
    ``remarks`` are oddities that lose nothing.
    """

    stream: str
    readable: bool
    problem: str = ""
    writable: bool | None = None
    grant: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was asked about can be done."""
        return self.readable and self.writable is not False


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Result of a connection check; the system answered and let us in, else it raised."""

    streams: tuple[StreamCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether every stream asked about can be used as configured."""
        return all(check.ok for check in self.streams)


@dataclass(frozen=True, slots=True)
class Slice:
    """One range of one stream.

    ``lower`` is the first cursor value to read (inclusive, in the source's own form); None
    reads from the beginning. ``keys``, where given, asks for exactly these records instead.
    """

    lower: str | None = None
    keys: tuple[Key, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that the adapter could not read; ``raw`` is as it came over the wire."""

    code: str
    message: str
    raw: bytes
    where: str = ""


def _no_origin(_row: int) -> tuple[bytes, str]:
    return b"", ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a slice, and where the slice can be resumed after them.

    ``origin(i)`` returns row i's original bytes and its place (``line 7, byte 812``); it is
    asked for refused rows only. ``position`` is JSON-serialisable and only the adapter that
    made it understands it.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    position: Position
    rejects: Sequence[Reject] = ()
    origin: Callable[[int], tuple[bytes, str]] = field(default=_no_origin)
