"""Proves that a stream can do what it is configured for, without changing a record."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.base import BoundStream
from adapters.soap.abilities import call_of, capabilities
from adapters.soap.reader import StreamReader
from adapters.soap.writer import StreamWriter
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
)
from midspan.kernel.stream import Batch, StreamCheck
from midspan.kernel.writing import Capability

if TYPE_CHECKING:
    from adapters.soap.contract import Contract

OF_ONE_STREAM = (AccessDenied, DriftError, ProtocolError, RecordError, SessionExpired)
"""Errors that are one stream's trouble, and told in its report."""

_NOBODYS = "midspan-check-nobody-has-this"
_WRITES = (Capability.CREATE, Capability.UPDATE, Capability.DELETE)


class StreamChecker:
    """Checks one stream; ``now`` is the source's time."""

    def __init__(
        self, stream: BoundStream, reader: StreamReader, writer: StreamWriter, now: Any
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._writer = writer
        self._now = now
        self._can = capabilities(stream)

    def check(self, contract: "Contract", *, deep: bool) -> StreamCheck:
        """Read a little; ``deep`` tries each capability."""
        remarks: list[str] = []
        try:
            sample = self._reader.sample()
            if Capability.KEYS in self._can:
                keys = self._reader.keys_walk.probe()
                if deep and sample.rows and not keys:
                    raise ProtocolError("soap.no_key", "the key list is empty, the list is not")
            if self._stream.options.detail is not None:
                self._reader.detail.reader.columns(())
            if deep:
                remarks += self._deeper(sample)
        except OF_ONE_STREAM as error:
            grant = error.message if isinstance(error, AccessDenied) else ""
            return StreamCheck(self._stream.name, readable=False, problem=str(error), grant=grant)
        problem, writable = self._writable(contract)
        return StreamCheck(
            self._stream.name, True, problem, writable=writable, remarks=tuple(remarks)
        )

    def _deeper(self, sample: Batch) -> list[str]:
        remarks = []
        if Capability.CHANGES in self._can:
            remarks += self._changes(sample)
        if Capability.BY_KEY in self._can and sample.rows:
            self._one_by_key(sample)
        if Capability.LOOKUP in self._can and self._writer.lookup(_NOBODYS) is not None:
            raise ProtocolError(
                "soap.filter_ignored",
                f"'find' of '{self._stream.name}' finds a reference that nobody has",
                remedy="Put {reference} where the operation searches for it",
            )
        return remarks

    def _changes(self, sample: Batch) -> list[str]:
        """Ask for a row's own stamp, and for the future."""
        cursor, name = self._stream.cursor, self._stream.name
        if cursor is None:
            return []
        stamps = [stamp for row in sample.rows if (stamp := self._stamp(sample, row))]
        if not stamps:
            return [f"no row of '{name}' shows a change stamp: the filter was not tried"]
        latest = max(stamps)
        found = self._reader.sample(cursor.codec.render(latest))
        if not any((self._stamp(found, row) or "") >= latest for row in found.rows):
            raise ProtocolError(
                "soap.filter_misread",
                f"'{name}' does not show a row when it is asked for that row's own stamp",
                remedy="Correct the cursor's zone and format, or where {lower} stands",
            )
        instant = cursor.codec.at((self._now() or datetime.now(UTC)) + timedelta(days=3650))
        if instant and self._reader.sample(cursor.codec.render(instant)).rows:
            return [f"'{name}' shows rows for a stamp in the future: its filter is ignored"]
        return []

    def _stamp(self, batch: Batch, row: Any) -> str | None:
        """Return a row's change stamp as a canonical text."""
        cursor = self._stream.cursor
        values = dict(zip(batch.columns, row, strict=True))
        fields = cursor.fields if cursor else ()
        try:
            return cursor.codec.first(map(values.get, fields)) if cursor else None
        except RecordError:
            return None

    def _one_by_key(self, sample: Batch) -> None:
        names = self._stream.primary_key
        values = dict(zip(sample.columns, sample.rows[0], strict=True))
        if not set(names) <= set(values):
            return
        key = tuple(values[name] for name in names)
        found = self._reader.by_key([key], "key")
        rows = self._reader.detail.batch(found, (), {})
        known = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
        same = [one for one in known if all(_same(one.get(n), values[n]) for n in names)]
        if not known or (not same and any(set(names) <= set(one) for one in known)):
            raise ProtocolError(
                "soap.filter_misread",
                f"'detail' of '{self._stream.name}' does not return the record of a listed key",
                remedy="Correct the arguments and rows of detail",
            )

    def _writable(self, contract: "Contract") -> tuple[str, bool | None]:
        """Return what keeps the stream from being written; nothing can be proven by a try."""
        wanted = self._stream.write.operations if self._stream.write else ()
        if not wanted:
            return "", None
        gaps = [kind for kind in wanted if Capability(kind) not in self._can]
        if gaps:
            return f"'{gaps[0]}' needs its operation (and to create: find, write.reference)", False
        for kind in wanted:
            call = call_of(self._stream.options, kind)
            try:
                contract.operation(call.operation if call else "")
            except MidspanError as error:
                return str(error), False
        return "", None


def _same(one: object, other: object) -> bool:
    return one == other or str(one) == str(other)
