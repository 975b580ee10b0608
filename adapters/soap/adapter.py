"""Reads and writes a SOAP system that is described in YAML alone.

Guarantee: every record of a slice is yielded at least once or the read raises, also when
the session ends between two pages, the list moves while it is read (see ``pages``), or a
reply differs from its WSDL (see ``rows``). Memory is bounded by one page. A position holds
where the walk stands and what it has seen last; reading resumed there misses nothing.

``drift`` lists how the replies of this run differed from the WSDL, each way once.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from adapters.base import AdapterContext, BoundStream, chosen, known_stream
from adapters.soap.abilities import capabilities
from adapters.soap.session import Session
from adapters.soap.spec import ClockSpec, StreamSpec, SystemSpec
from adapters.templates import Template
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult

if TYPE_CHECKING:
    from adapters.soap.checking import StreamChecker
    from adapters.soap.reader import StreamReader
    from adapters.soap.reading import Drift
    from adapters.soap.writer import StreamWriter

_LOG = logging.getLogger(__name__)
_LIST = (
    *("lower", "from", "to", "page", "page_size"),
    *("offset", "row_from", "row_to", "cursor"),
)
_CHANGE = ("record", "pairs", "reference")


class SoapAdapter:
    """The ``soap`` adapter; see ``adapters.base.Adapter``."""

    spec: ClassVar[type] = SystemSpec
    stream_spec: ClassVar[type] = StreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._session = Session(context)
        clock = self._options.clock
        self._clock_arguments = self._session.compile(clock and clock.arguments)
        self._templates = {
            name: _templates(self._session, stream) for name, stream in context.streams.items()
        }
        self._tools: dict[str, _Tools] = {}
        self.drift: list[Drift] = []

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return what can be done with a stream as it is configured."""
        return capabilities(known_stream(self._context.streams, stream))

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        """Log in, and read a little of each stream and of its key list."""
        self._session.login()
        contract = self._session.service.contract
        names = chosen(self._context.streams, streams)
        return CheckReport(
            tuple(self._of(name).checker.check(contract, deep=deep) for name in names)
        )

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        """Return the operations that list records, and what their records are made of."""
        from adapters.soap.discover import discover

        readers = {name: self._of(name).reader for name in chosen(self._context.streams, streams)}
        return discover(self._context, self._session, readers, self.now, everything=streams is None)

    def now(self) -> datetime | None:
        """Return the time of the configured operation, else of the HTTP server; aware."""
        clock, context = self._options.clock, self._context
        if clock is None:
            self._session.service.load()
            return context.gate.call(context.lane, self._session.service.clock)
        reply = self._session.call(clock.operation, self._clock_arguments, {})
        return _moment(reply.text(clock.path), clock)

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows, page by page, or by key where the slice names keys."""
        yield from self._of(stream).reader.read(part, position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, from the key list where one is configured."""
        yield from self._of(stream).reader.keys()

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        """Make one change by the stream's operation for it."""
        return self._of(stream).writer.write(operation, reference)

    def lookup(self, stream: str, reference: str) -> Record | None:
        """Return the record that carries ``reference``, None when there is none."""
        return self._of(stream).writer.lookup(reference)

    def close(self) -> None:
        """Log out where the system wants it, and close the connections; never raises."""
        self._session.close()

    def _of(self, name: str) -> "_Tools":
        """Return what works on a stream; zeep and lxml are imported here, when first needed."""
        from adapters.soap.checking import StreamChecker
        from adapters.soap.reader import StreamReader
        from adapters.soap.writer import StreamWriter

        stream = known_stream(self._context.streams, name)
        if name not in self._tools:
            templates = self._templates[name]
            reader = StreamReader(self._session, stream, templates, self._report, self.now)
            writer = StreamWriter(self._session, stream, templates, reader)
            checker = StreamChecker(stream, reader, writer, self.now)
            self._tools[name] = _Tools(reader, writer, checker)
        return self._tools[name]

    def _report(self, drift: "Drift") -> None:
        if drift not in self.drift:
            self.drift.append(drift)
            _LOG.warning(
                "%s.%s: replies differ from the WSDL: %s element '%s'",
                self._context.system,
                drift.stream,
                drift.kind,
                drift.path,
            )


@dataclass(frozen=True, slots=True)
class _Tools:
    """What works on one stream."""

    reader: "StreamReader"
    writer: "StreamWriter"
    checker: "StreamChecker"


def _templates(session: Session, stream: BoundStream) -> dict[str, Template]:
    """Return a stream's argument templates, compiled; a wrong placeholder raises here."""
    options: StreamSpec = stream.options
    key = stream.primary_key
    calls: dict[str, tuple[Any, tuple[str, ...]]] = {
        "rows": (options, _LIST),
        "keys": (options.keys, _LIST),
        "detail": (options.detail, (*key, "keys")),
        "find": (options.find, ("reference",)),
        "create": (options.create, _CHANGE),
        "update": (options.update, (*_CHANGE, *key)),
        "delete": (options.delete, (*_CHANGE, *key)),
    }
    for name in ("rows", "keys"):
        paging = calls[name][0] and calls[name][0].paging
        calls[f"{name}.follow"] = (paging and paging.follow, _LIST)
    return {
        name: session.compile(call.arguments, names)
        for name, (call, names) in calls.items()
        if call is not None
    }


def _moment(text: str | None, clock: ClockSpec) -> datetime:
    try:
        moment = (
            datetime.strptime(text or "", clock.format)  # noqa: DTZ007 the zone is configured
            if clock.format
            else datetime.fromisoformat(text or "")
        )
    except ValueError:
        raise ProtocolError(
            "soap.clock",
            f"{clock.operation} tells no time at '{clock.path}'",
            remedy="Correct path and format under clock",
        ) from None
    # In the hour that the clock repeats, the earlier meaning: a ceiling is rather too low.
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(clock.zone), fold=0)
