"""One stream or part: its list, its list of keys, its detail call, its search, its changes.

Guarantee: a filter that is ignored costs time, and nothing else; one that is misread, so that
nothing is found where something must be, raises.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from adapters.base import AdapterContext, BoundStream
from adapters.rest.client import RestClient
from adapters.rest.details import Details
from adapters.rest.drift import Census
from adapters.rest.listing import Listing
from adapters.rest.shape import detail_shape, inside, key_shape, stream_shape
from adapters.rest.span import Span
from adapters.rest.spec import StreamSpec
from midspan.kernel.errors import ProtocolError, RecordError
from midspan.kernel.stream import Batch, Key, Position

_LOG = logging.getLogger(__name__)


class StreamReader:
    """The calls by which one stream or part is read."""

    def __init__(self, client: RestClient, context: AdapterContext, stream: BoundStream) -> None:
        options: StreamSpec = stream.options
        paging, schema = context.options.paging, context.connection.schema
        self.stream = stream
        self._client = client
        self._context = context
        self._name = stream.name
        self._key = stream.primary_key
        self._cursor = stream.cursor
        self._shape = stream_shape(stream, options, sparse=options.sparse)
        self._each = options.detail is not None and options.detail.each
        listed = replace(self._shape, roots=()) if self._each else self._shape
        self.listing = Listing(
            client, stream, options, listed, schema, paging=paging, since=options.since
        )
        # Keys are listed whole: without the filter for changes, or from the beginning where the
        # call always wants one.
        spec = options.keys or options
        always = options.since if options.keys is None and self.listing.always_bound else None
        self.key_listing = Listing(
            client,
            stream,
            spec,
            key_shape(stream, spec),
            schema,
            paging=paging,
            since=always,
            strict=True,
        )
        self.details = (
            Details(
                client, stream, options.detail, detail_shape(self._shape, options.detail), schema
            )
            if options.detail
            else None
        )
        self._told = False

    def unmapped(self) -> "StreamReader":
        """Return a reader of the same stream that reads every member there is."""
        return StreamReader(self._client, self._context, replace(self.stream, columns=()))

    def slice(self, lower: str | None, position: Position | None) -> Iterator[Batch]:
        """Yield what changed since ``lower``, everything when None, behind ``position``."""
        nothing = position is None
        for walked in self.listing.read(lower, position):
            nothing = nothing and not len(walked.items)
            if lower is not None:
                self._tell_ignored(walked.items, lower)
            span = self.completed(walked.items)
            yield span.batch(walked.position, self._shape.columns(()))
        if nothing and lower is not None and self.listing.filters:
            self._refuse_misread(lower)

    def records(self, keys: Sequence[Key], position: Position | None) -> Iterator[Batch]:
        """Yield the records of ``keys``; those that the system no longer has are left out."""
        if self.details is None:
            raise ProtocolError(
                "rest.no_detail",
                f"the stream '{self._name}' has no call that reads one record",
                remedy="Configure 'detail' for it",
            )
        for walked in self.details.read(keys, position):
            yield walked.items.batch(walked.position, self._shape.columns(()))

    def keys(self) -> Iterator[Sequence[Key]]:
        """Yield every key of the stream; one that a moving list shows again comes once."""
        census = Census()
        for walked in self.key_listing.read(None):
            found = dict.fromkeys(self.keys_in(walked.items))
            new = census.see(set(found))
            if new:
                yield [key for key in found if key in new]

    def keys_in(self, span: Span) -> list[Key]:
        """Return the keys of listed records; raise for one that has none."""
        batch = span.batch({}, ())
        if batch.rejects:
            raise self._no_key(batch.rejects[0].where)
        if not batch.rows:
            return []
        places = [batch.columns.index(name) for name in self._key]
        found = [tuple(row[at] for at in places) for row in batch.rows]
        for at, key in enumerate(found):
            if None in key:
                raise self._no_key(batch.origin(at)[1])
        return found

    def completed(self, span: Span) -> Span:
        """Return listed records with what their details add, where each has its own."""
        if self._each and self.details is not None:
            return self.details.complete(span)
        return span

    def stamps(self, span: Span, *, whole: bool = False) -> list[str]:
        """Return the stamps of a span's first and last rows, or of all, in canonical form."""
        if self._cursor is None:
            return []
        codec = self._cursor.codec
        columns, rows, found = span.columns(), span.rows(), list[str]()
        for row in rows if whole else rows[:1] + rows[-1:]:
            values = dict(zip(columns, row, strict=True))
            with suppress(RecordError):
                stamp = codec.first(inside(values, name) for name in self._cursor.fields)
                found += [] if stamp is None else [stamp]
        return found

    def misread(self, lower: str) -> ProtocolError:
        """Return the error for a filter that finds nothing where something must be."""
        return ProtocolError(
            "rest.filter_misread",
            f"'{self._name}' finds nothing since {lower}, though it holds newer records",
            remedy="Write the bound in the system's own form: since.format and since.zone, or the "
            "text around {lower}",
        )

    def _tell_ignored(self, span: Span, lower: str) -> None:
        """Log once that records older than asked for come back; they are delivered all the same."""
        if self._told or self._cursor is None or not len(span) or not self.listing.filters:
            return
        bound, stamps = self._bound(lower), self.stamps(span)
        if bound is not None and stamps and min(stamps[0], stamps[-1]) < bound:
            self._told = True
            _LOG.warning(
                "%s: records older than asked for come back: check the filter for changes",
                self._name,
            )

    def _refuse_misread(self, lower: str) -> None:
        """Raise when nothing came, though the list holds a record that is new enough."""
        bound = self._bound(lower)
        span, _ = self.listing.sample()
        newer = [stamp for stamp in self.stamps(span, whole=True) if bound and stamp >= bound]
        if newer and not len(self.listing.probe(lower)):
            raise self.misread(lower)

    def _bound(self, lower: str) -> str | None:
        try:
            return self._cursor.codec.parse(lower) if self._cursor else None
        except RecordError:
            return None

    def _no_key(self, where: str) -> ProtocolError:
        return ProtocolError(
            "rest.no_key",
            f"the key list of '{self._name}' holds no whole key at {where}",
            remedy="Point 'rows' at records that hold the primary key",
        )
