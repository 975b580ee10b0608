"""What an adapter is, and what it is given.

An adapter is made for one system and one run. It reads streams in batches of bounded size,
writes single records, passes every remote call through the gate, translates every foreign
error once into a class of ``midspan.kernel.errors``, and knows nothing of mappings, centers or
stores. ``adapters.testing`` is the suite that every adapter passes.

A stream's *part* (``customers.contact_mechanisms``) is read like a stream: its rows need to
hold only the parent's key and the part's cursor fields.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from config.binding import nearest
from config.connections import Connection
from config.model import CursorConfig, WriteConfig
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import MidspanError, UnknownName
from midspan.kernel.gate import Gate, Lane
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult

T = TypeVar("T")

GROUP = "midspan.adapters"


@dataclass(frozen=True, slots=True)
class BoundStream:
    """A stream or part as an adapter reads it.

    ``options`` is an instance of the adapter's ``stream_spec``. ``columns`` are the fields
    the mapping reads, with the key's and the cursor's; an adapter may leave out all others.
    Without columns it reads whatever there is. ``write`` is None where nothing may be written.
    """

    name: str
    primary_key: tuple[str, ...]
    cursor: CursorConfig | None
    options: Any
    columns: tuple[str, ...] = ()
    write: WriteConfig | None = None


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
    """Reads and writes one legacy system.

    ``spec`` and ``stream_spec`` are frozen dataclasses: the schema of the adapter's own keys
    in a system's YAML, beside the common ones, and of each stream's.
    """

    spec: ClassVar[type]
    stream_spec: ClassVar[type]

    def __init__(self, context: AdapterContext) -> None:
        """Keep the context; nothing is called before it is needed."""

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream as it is configured; calls nobody."""
        ...

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Log in, and read a little of each stream (all when None) and of its parts.

        ``deep`` proves each capability that the stream has, without changing a record: its
        filter for changes finds a record's own stamp and nothing of the future, a record
        comes back by its key, keys are listed, a reference that nobody has is not found, and
        the user may write. Raises AccessDenied, ProtocolError or TransientError when the
        system as a whole cannot be used; a single stream's trouble is told in the report.
        """
        ...

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Return what there is to read, by the source's own names (all when None).

        Reads descriptions and a bounded sample of each stream, each call through the gate.
        Raises as ``check`` does; a single stream that cannot be looked into is a remark.
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

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change, sent once; a create carries ``reference`` in the stream's own field.

        A create is certain when the record is found by its reference. Raises UncertainWrite
        when the answer is lost, or when a reported success cannot be seen; RecordError
        ``adapter.write_refused`` when the system refuses these values, ``adapter.no_record``
        when the key names none; TransientError only where nothing was done.
        """
        ...

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Return the record that carries ``reference``, None when there is none.

        Raises ProtocolError ``adapter.twins`` when several carry it.
        """
        ...

    def close(self) -> None:
        """Give back connections and sessions; never raises."""
        ...


def chosen(names: Iterable[str], wanted: Sequence[str] | None) -> list[str]:
    """Return the streams that are ``wanted`` (all when None), each with its parts."""
    return [
        name
        for name in names
        if wanted is None or name in wanted or name.partition(".")[0] in wanted
    ]


def known_stream(streams: Mapping[str, T], name: str) -> T:
    """Return what belongs to a stream; an unknown name raises with the nearest known one."""
    if name in streams:
        return streams[name]
    raise UnknownName(
        "adapter.unknown_stream",
        f"there is no stream '{name}'",
        remedy=nearest(name, list(streams)),
    )


def adapter_types() -> tuple[str, ...]:
    """Return the names of all installed adapters, ours and third parties'."""
    return tuple(sorted(entry.name for entry in entry_points(group=GROUP)))


def adapter_class(name: str) -> type[Adapter]:
    """Load the adapter that is installed under ``name``.

    Raises MidspanError ``adapter.not_loaded`` when its package lacks something it imports.
    """
    for entry in entry_points(group=GROUP, name=name):
        try:
            loaded: type[Adapter] = entry.load()
        except (ImportError, AttributeError) as error:
            raise MidspanError(
                "adapter.not_loaded",
                f"the adapter '{name}' ({entry.value}) cannot be loaded: {error}",
                remedy="Install what it needs, or another version of it",
            ) from error
        return loaded
    raise UnknownName(
        "adapter.unknown",
        f"no adapter '{name}' is installed",
        remedy=nearest(name, adapter_types()),
    )
