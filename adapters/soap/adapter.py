"""Reads a SOAP system that is described in YAML alone.

Guarantee: every record of a slice is yielded at least once or the read raises, also when
the session ends between two pages, the list moves while it is read (see ``pages``), or a
reply differs from its WSDL (see ``rows``). Memory is bounded by one page. A position holds
where the walk stands and what it has seen last; reading resumed there misses nothing.

``drift`` lists how the replies of this run differed from the WSDL, each way once.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from adapters.base import AdapterContext, BoundStream
from adapters.soap.session import Session
from adapters.soap.spec import ClockSpec, DetailSpec, ListingSpec, StreamSpec, SystemSpec
from adapters.templates import Template, compile_template
from config.binding import nearest
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
)
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck

if TYPE_CHECKING:
    from adapters.soap.listing import Found, Listing
    from adapters.soap.rows import Drift

_LOG = logging.getLogger(__name__)
_KEYS_A_BATCH = 20
_LIST_NAMES = ("session", "lower", "page", "page_size")


class SoapAdapter:
    """The ``soap`` adapter; see ``adapters.base.Adapter``."""

    spec: ClassVar[type] = SystemSpec
    stream_spec: ClassVar[type] = StreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._options: SystemSpec = context.options
        self._session = Session(context)
        self._clock_arguments = _template(self._options.clock, ("session",))
        self._templates = {
            name: _StreamTemplates(stream) for name, stream in context.streams.items()
        }
        self.drift: list[Drift] = []

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Log in, and read one record of each stream and of its key list."""
        self._session.login()
        names = self._context.streams if streams is None else streams
        return CheckReport(tuple(self._check(name) for name in names))

    def now(self) -> datetime | None:
        """Return the time of the configured operation, else of the HTTP server; aware."""
        clock, context = self._options.clock, self._context
        if clock is None:
            return context.gate.call(context.lane, self._session.service.clock)
        from adapters.soap import xml

        payload = self._session.call(clock.operation, self._clock_arguments, {})
        return _moment(xml.find_text(payload, clock.path), clock)

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice's rows, page by page, or by key where the slice names keys."""
        bound, templates = self._bound(stream), self._templates[stream]
        listing = self._listing(bound, bound.options, templates.rows)
        columns = listing.reader.columns(bound.columns)
        if part.keys is not None:
            yield from self._details(bound, part.keys, columns, position)
            return
        for walked in listing.walk(bound.options.paging, part.lower, position):
            yield listing.batch(walked.items, columns, walked.position)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, from the key list where one is configured."""
        bound, templates = self._bound(stream), self._templates[stream]
        spec: ListingSpec = bound.options.keys or bound.options
        template = templates.keys if bound.options.keys else templates.rows
        listing = self._listing(bound, spec, template)
        for walked in listing.walk(spec.paging, None, None):
            yield [_key(listing, found, bound) for found in walked.items]

    def close(self) -> None:
        """Log out where the system wants it, and close the connections; never raises."""
        self._session.close()

    def _check(self, stream: str) -> StreamCheck:
        try:
            bound, templates = self._bound(stream), self._templates[stream]
            listing = self._listing(bound, bound.options, templates.rows)
            listing.reader.columns(bound.columns)
            _probe(listing, bound.options)
            if bound.options.keys:
                keys = self._listing(bound, bound.options.keys, templates.keys)
                _probe(keys, bound.options.keys)
            if bound.options.detail:
                self._listing(bound, bound.options.detail, templates.detail)
        except (AccessDenied, DriftError, ProtocolError, RecordError, SessionExpired) as error:
            return StreamCheck(stream, readable=False, problem=str(error))
        return StreamCheck(stream, readable=True)

    def _details(
        self,
        bound: BoundStream,
        keys: Sequence[Key],
        columns: tuple[str, ...],
        position: Position | None,
    ) -> Iterator[Batch]:
        """Yield the records of ``keys``; those that the system no longer has are left out."""
        spec: DetailSpec | None = bound.options.detail
        if spec is None:
            raise ProtocolError(
                "soap.no_detail",
                f"the stream '{bound.name}' has no operation that reads one record",
                remedy="Configure 'detail' for it",
            )
        listing = self._listing(bound, spec, self._templates[bound.name].detail)
        start = position["keys"] if position else 0
        for at in range(start, len(keys), _KEYS_A_BATCH):
            chunk = keys[at : at + _KEYS_A_BATCH]
            found = [
                one
                for offset, key in enumerate(chunk)
                for one in _detail(listing, bound, key, at + offset)
            ]
            yield listing.batch(found, columns, {"keys": at + len(chunk)})

    def _listing(
        self, bound: BoundStream, spec: ListingSpec | DetailSpec, arguments: Template
    ) -> "Listing":
        from adapters.soap.listing import Listing

        return Listing(self._session, spec, arguments, bound.name, self._report)

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

    def _bound(self, stream: str) -> BoundStream:
        bound = self._context.streams.get(stream)
        if bound is None:
            raise MidspanError(
                "adapter.unknown_stream",
                f"the system '{self._context.system}' has no stream '{stream}'",
                remedy=nearest(stream, list(self._context.streams)),
            )
        return bound


class _StreamTemplates:
    """A stream's argument templates, compiled."""

    def __init__(self, stream: BoundStream) -> None:
        options: StreamSpec = stream.options
        self.rows = _template(options, _LIST_NAMES)
        self.keys = _template(options.keys, _LIST_NAMES)
        self.detail = _template(options.detail, ("session", *stream.primary_key))


def _template(
    spec: ListingSpec | DetailSpec | ClockSpec | None, known: tuple[str, ...]
) -> Template:
    return compile_template(spec.arguments if spec else None, known)


def _probe(listing: "Listing", spec: ListingSpec) -> None:
    """Read as little as the operation can return."""
    if spec.paging is not None:
        listing.page(spec.paging, None, 0, 1)
    else:
        listing.records({"lower": None, "page": None, "page_size": None}, "reply")


def _detail(listing: "Listing", bound: BoundStream, key: Key, at: int) -> list["Found"]:
    values = dict(zip(bound.primary_key, key, strict=True))
    try:
        return listing.records(values, f"key {at + 1}")
    except RecordError as error:
        if error.code != "soap.missing":
            raise
        return []


def _key(listing: "Listing", found: "Found", bound: BoundStream) -> Key:
    row: Mapping[str, object] = listing.reader.read(found.element)
    names = bound.primary_key if set(bound.primary_key) <= set(row) else tuple(row)
    key = tuple(row[name] for name in names)
    if len(key) != len(bound.primary_key) or None in key:
        raise ProtocolError(
            "soap.no_key",
            f"the key list of '{bound.name}' holds no whole key at {found.place}",
            remedy="Point keys.rows at elements that hold the primary key",
        )
    return key


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
