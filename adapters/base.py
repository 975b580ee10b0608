"""What an adapter is, and what it is given.

An adapter is made for one system and one run. It reads streams in batches of bounded size,
passes every remote call through the gate, translates every foreign error once into a class
of ``midspan.kernel.errors``, and knows nothing of mappings, centers or stores.

A stream's *part* (``customers.contact_mechanisms``) is read like a stream: its rows need to
hold only the parent's key and the part's cursor fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Protocol

from config.binding import nearest
from config.connections import Connection
from config.model import CursorConfig
from midspan.kernel.errors import MidspanError
from midspan.kernel.gate import Gate, Lane
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice

GROUP = "midspan.adapters"


@dataclass(frozen=True, slots=True)
class BoundStream:
    """A stream or part as an adapter reads it.

    ``options`` is an instance of the adapter's ``stream_spec``. ``columns`` are the fields
    the mapping reads, with the key's and the cursor's; an adapter may leave out all others.
    """

    name: str
    primary_key: tuple[str, ...]
    cursor: CursorConfig | None
    options: Any
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """Everything an adapter is given. ``options`` is an instance of the adapter's ``spec``.

    ``cache`` is a folder for what may be kept between runs (a WSDL), never rows.
    """

    system: str
    options: Any
    streams: Mapping[str, BoundStream]
    connection: Connection
    gate: Gate
    cache: Path
    lane: Lane = Lane.SYNC


class Adapter(Protocol):
    """Reads one legacy system.

    ``spec`` and ``stream_spec`` are frozen dataclasses: the schema of the adapter's own keys
    in a system's YAML, beside the common ones, and of each stream's.
    """

    spec: ClassVar[type]
    stream_spec: ClassVar[type]

    def __init__(self, context: AdapterContext) -> None:
        """Keep the context; nothing is called before it is needed."""

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Log in, and read a little of each stream (all when None).

        Raises AccessDenied, ProtocolError or TransientError when the system as a whole
        cannot be used; a single stream's trouble is told in the report.
        """
        ...

    def now(self) -> datetime | None:
        """Return the source's own clock, aware; None where the source tells no time."""
        ...

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows, resuming after ``position`` where one is given.

        Every record of the slice is yielded at least once or the read raises; a reply that
        announces more than it delivers raises ProtocolError ``adapter.silent_loss``.
        """
        ...

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key that the stream holds now, for delete detection.

        Raises rather than end early: a key that is not listed counts as deleted.
        """
        ...

    def close(self) -> None:
        """Give back connections and sessions; never raises."""
        ...


def adapter_types() -> tuple[str, ...]:
    """Return the names of all installed adapters, ours and third parties'."""
    return tuple(sorted(entry.name for entry in entry_points(group=GROUP)))


def adapter_class(name: str) -> type[Adapter]:
    """Load the adapter that is installed under ``name``."""
    for entry in entry_points(group=GROUP, name=name):
        loaded: type[Adapter] = entry.load()
        return loaded
    raise MidspanError(
        "adapter.unknown",
        f"no adapter '{name}' is installed",
        remedy=nearest(name, adapter_types()),
    )
