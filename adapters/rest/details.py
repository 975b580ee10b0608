"""Calls that return single records: by key, or for each row of a list.

Guarantee: what comes back is what was asked for. A record that the system no longer has is left
out, and so is one that was merged into another; one that nobody asked for raises instead of
taking another's place.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.base import BoundStream
from adapters.http_replies import Reply
from adapters.pages import Walked
from adapters.rest.calls import Joined, Request
from adapters.rest.client import RestClient
from adapters.rest.replies import Records
from adapters.rest.shape import Shape, inside
from adapters.rest.span import Span
from adapters.rest.spec import DetailSpec
from adapters.templates import as_text
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.stream import Key, Position, Reject, Row
from midspan.kernel.writing import Record

_GONE = frozenset({404, 410})
_KEYS_A_BATCH = 20


class Details:
    """A stream's detail call."""

    def __init__(
        self, client: RestClient, stream: BoundStream, spec: DetailSpec, shape: Shape, schema: str
    ) -> None:
        names = (*stream.primary_key, "keys", "schema")
        self._client = client
        self._stream = stream
        self._spec = spec
        self._shape = shape
        self._whole = replace(shape, roots=())
        self._schema = schema
        self._call = client.compiled(spec, names)
        if not self._call.names & {*stream.primary_key, "keys"}:
            raise MidspanError(
                "rest.detail",
                f"the detail call of '{stream.name}' does not say which record it wants",
                remedy="Put the primary key's fields into its path or query, or {keys}",
            )

    def read(self, keys: Sequence[Key], position: Position | None) -> Iterator[Walked[Span]]:
        """Yield the records of ``keys``, as far as they exist, behind ``position``."""
        start = position["keys"] if position else 0
        for at in range(start, len(keys), max(self._spec.many, _KEYS_A_BATCH)):
            chunk = keys[at : at + max(self._spec.many, _KEYS_A_BATCH)]
            parts = tuple((records, 0) for records in self._several(chunk, at, self._shape))
            yield Walked(Span(parts), {"keys": at + len(chunk)})

    def complete(self, span: Span) -> Span:
        """Return listed rows with the members that their detail calls add."""
        return Span(tuple((self._completed(records, start), 0) for records, start in span.parts))

    def one(self, row: Mapping[str, Any]) -> Record | None:
        """Return the whole record of a row that holds its key; None where it is gone."""
        return self.by_key(self._key(row))

    def by_key(self, key: Key) -> Record | None:
        """Return one whole record; None where the system has none of this key."""
        for records in self._several([key], 0, self._whole):
            for row in Span(((records, 0),)).rows():
                return dict(zip(records.columns, row, strict=True))
        return None

    def _several(self, keys: Sequence[Key], first: int, shape: Shape) -> Iterator[Records]:
        for at in range(0, len(keys), self._spec.many):
            chunk = keys[at : at + self._spec.many]
            records = self._ask(chunk, f"key {first + at + 1}", shape)
            if records is not None:
                yield records

    def _ask(self, keys: Sequence[Key], place: str, shape: Shape) -> Records | None:
        values: dict[str, Any] = dict(zip(self._stream.primary_key, keys[0], strict=True))
        values["keys"] = Joined(key[0] for key in keys)
        values["schema"] = self._schema
        request = self._call.request(values)
        return self._client.fetch(
            request,
            lambda document, reply: self._asked_for(
                document.records(shape, place), keys, moved=_moved(request, reply)
            ),
            form=self._spec.format,
            empty=_GONE,
        )

    def _completed(self, listed: Records, start: int) -> Records:
        found: list[tuple[dict[str, Any] | Reject, bytes]] = []
        for item in listed.items[start:]:
            if isinstance(item, Reject):
                found.append((item, item.raw))
            else:
                row = dict(zip(listed.columns, item, strict=True))
                found += self._merged(row)
        dicts = [one for one, _ in found if isinstance(one, dict)]
        columns = self._shape.columns(dicts)
        items: list[Row | Reject] = [
            tuple(map(one.get, columns)) if isinstance(one, dict) else one for one, _ in found
        ]
        return Records(
            columns,
            items,
            len(dicts) == len(items),
            f"{listed.place}, details",
            lambda at: found[at][1],
            lambda: {name for one in dicts for name in one},
        )

    def _merged(self, row: Mapping[str, Any]) -> list[tuple[dict[str, Any] | Reject, bytes]]:
        """Return a row with its detail; nothing where the record has gone meanwhile."""
        done: list[tuple[dict[str, Any] | Reject, bytes]] = []
        for records in self._several([self._key(row)], 0, self._whole):
            for at, item in enumerate(records.items):
                raw = records.raw(at)
                if isinstance(item, Reject):
                    done.append((item, raw))
                    continue
                both = {**row, **dict(zip(records.columns, item, strict=True))}
                done.append(
                    ({**both, **{one: inside(both, one) for one in self._shape.nested}}, raw)
                )
        return done

    def _key(self, row: Mapping[str, Any]) -> Key:
        return tuple(
            row[name] if name in row else inside(row, name) for name in self._stream.primary_key
        )

    def _asked_for(self, records: Records, wanted: Sequence[Key], *, moved: bool) -> Records:
        """Return records that were asked for; numbers may come back as texts."""
        names = self._stream.primary_key
        if not set(names) <= set(records.columns):
            return records
        places = [records.columns.index(name) for name in names]
        asked = {tuple(map(as_text, key)) for key in wanted}
        own = [
            isinstance(item, Reject) or tuple(as_text(item[at]) for at in places) in asked
            for item in records.items
        ]
        if all(own):
            return records
        if not moved and not self._spec.merged:
            raise ProtocolError(
                "rest.filter_ignored",
                f"the detail call of '{self._stream.name}' answers with another record",
                remedy="Check how the key stands in its path or query; where merged records are "
                "answered with the one they went into, say 'merged: true'",
            )
        kept = [at for at, is_own in enumerate(own) if is_own]
        items = [records.items[at] for at in kept]
        return replace(records, items=items, raw=lambda at: records.raw(kept[at]))


def _moved(request: Request, reply: Reply) -> bool:
    """Return whether a redirect led to another resource."""
    return unquote(urlsplit(reply.url).path).rstrip("/") != unquote(
        urlsplit(request.url).path
    ).rstrip("/")
