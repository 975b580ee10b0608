"""Finds the record that carries a reference of ours.

Guarantee: "there is none" is said only of a search that was read to its end and showed no
stranger's record as ours. A search that ignores what it is asked for, or that does not show the
field, raises: a create would else be repeated for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from adapters.base import BoundStream
from adapters.rest.client import RestClient
from adapters.rest.details import Details
from adapters.rest.listing import Listing
from adapters.rest.shape import inside, stream_shape
from adapters.rest.spec import ListingSpec
from adapters.templates import as_text
from adapters.writing import only_one
from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.writing import Record

MOST_STRANGERS = 1000


class Finder:
    """A stream's search by reference; ``field`` is the field that carries it."""

    def __init__(
        self,
        client: RestClient,
        stream: BoundStream,
        spec: ListingSpec,
        field: str,
        details: Details | None,
        schema: str,
    ) -> None:
        self._client = client
        self._stream = replace(stream, columns=(), cursor=None)
        self._spec = spec
        self._field = field
        self._details = details
        self._schema = schema
        if "reference" not in self._listing("").names:
            raise MidspanError(
                "rest.write",
                f"the call 'find' of '{stream.name}' does not say what is sought",
                remedy="Put {reference} into its path, query or body",
            )

    def find(self, reference: str) -> Record | None:
        """Return the record that carries ``reference``; None when none does."""
        found: list[Record] = []
        strangers = 0
        for record in self._records(reference):
            whole = self._whole(record)
            if as_text(inside(whole, self._field)).strip() == reference:
                found.append(whole)
            else:
                strangers += 1
            if strangers > MOST_STRANGERS:
                raise self._ignored()
        return only_one(self._stream.name, _different(found, self._stream.primary_key))

    def refuse_ignored(self, reference: str) -> None:
        """Raise when the search for a reference that nobody has finds somebody."""
        if next(self._records(reference), None) is not None:
            raise self._ignored()

    def _records(self, reference: str) -> Iterator[Record]:
        for walked in self._listing(reference).read(None):
            columns = walked.items.columns()
            for row in walked.items.batch({}, columns).rows:
                yield dict(zip(columns, row, strict=True))

    def _listing(self, reference: str) -> Listing:
        shape = stream_shape(self._stream, self._spec, sparse=True)
        given = {"reference": reference}
        return Listing(self._client, self._stream, self._spec, shape, self._schema, constants=given)

    def _whole(self, record: Record) -> Record:
        """Return a record that shows the field, from its detail where the search does not."""
        if _holds(record, self._field):
            return record
        detail = self._details.one(record) if self._details else None
        if detail is None or not _holds(detail, self._field):
            raise ProtocolError(
                "rest.reference_hidden",
                f"what is found in '{self._stream.name}' does not show '{self._field}'",
                remedy="Let 'find' or 'detail' return the field that write.reference names",
            )
        return {**record, **detail}

    def _ignored(self) -> ProtocolError:
        return ProtocolError(
            "rest.find_ignored",
            f"the search of '{self._stream.name}' by reference returns records of others",
            remedy="Check how {reference} stands in the call 'find'",
        )


def _holds(record: Mapping[str, Any], path: str) -> bool:
    if path in record:
        return True
    outer, _, name = path.rpartition(".")
    holder = inside(record, outer) if outer else None
    return isinstance(holder, Mapping) and name in holder


def _different(records: list[Record], key: tuple[str, ...]) -> list[Record]:
    """Return the records, one a key: a list that moves may show one twice."""
    return list({tuple(as_text(one.get(name)) for name in key): one for one in records}.values())
