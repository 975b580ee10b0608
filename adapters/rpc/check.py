"""Looks whether a stream can be used as it is configured; changes nothing.

Guarantee: a stream's trouble is told, with the grant that is missing, and never hides another
stream's; what concerns the system as a whole raises.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.rpc.client import RpcClient
from adapters.rpc.query import Query
from adapters.rpc.reader import StreamReader
from adapters.rpc.spec import RpcSpec
from adapters.rpc.writer import StreamWriter
from adapters.templates import compile_template
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    TransientError,
)
from midspan.kernel.stream import Batch, StreamCheck
from midspan.kernel.writing import Capability

RIGHTS = {"read": "read", "create": "create", "update": "write", "delete": "delete"}
"""The words for rights that most systems use."""

_FUTURE = {
    "datetime": "2999-01-01T00:00:00.000000Z",
    "date": "2999-01-01",
    "integer": f"{2**31 - 1:020d}",
}
_ENDS = (AccessDenied, DriftError, ProtocolError, RecordError)
_LOGIN = "rpc.login"


class Grants:
    """Asks the system which rights the user has; None where it cannot be asked."""

    def __init__(self, client: RpcClient, spec: RpcSpec) -> None:
        names = ("model", "right")
        granted = spec.granted
        self._client = client
        self._call = client.compiled(granted, *names) if granted else None
        self._at = [compile_template(step, names) for step in granted.at] if granted else []
        self._rights = {**RIGHTS, **(granted.rights if granted else {})}

    def word(self, kind: str) -> str:
        """Return the system's own word for a right."""
        return self._rights[kind]

    def has(self, model: str, kind: str) -> bool | None:
        """Return whether the user may read, create, update or delete records of a model."""
        if self._call is None:
            return None
        values = {"model": model, "right": self._rights[kind]}
        subject = f"asking for the right to {values['right']} '{model}'"
        try:
            answer = self._client.call(self._call, values, subject).value()
        except AccessDenied as error:
            if error.code == _LOGIN:
                raise
            return False
        for step in self._at:
            answer = answer.get(str(step.render(values))) if isinstance(answer, dict) else None
        return None if answer is None else bool(answer)


class StreamChecker:
    """Checks one stream."""

    def __init__(
        self, query: Query, grants: Grants, reader: StreamReader, writer: StreamWriter
    ) -> None:
        self._query = query
        self._grants = grants
        self._reader = reader
        self._writer = writer
        self._remarks: list[str] = []

    def check(self, *, deep: bool) -> StreamCheck:
        """Read a row; ``deep`` proves all that the stream can do."""
        self._remarks = []
        try:
            batch = self._reader.first()
            problem = next(self._problems(batch), "") if deep else ""
        except _ENDS as error:
            if error.code == _LOGIN:
                raise
            return self._unreadable(error, deep=deep)
        rights = self._rights() if deep else {}
        return StreamCheck(
            self._reader.stream.name,
            readable=not problem,
            problem=problem or self._unwritable(rights),
            writable=self._writable(rights),
            grant=", ".join(self._missing(rights)),
            remarks=tuple(self._remarks),
        )

    def _unreadable(self, error: MidspanError, *, deep: bool) -> StreamCheck:
        denied = isinstance(error, AccessDenied)
        grant = [f"{self._grants.word('read')} on {self._reader.model}"] if denied else []
        rights = self._rights() if deep else {}
        return StreamCheck(
            self._reader.stream.name,
            readable=False,
            problem=str(error),
            writable=self._writable(rights),
            grant=", ".join([*grant, *self._missing(rights)]),
            remarks=tuple(self._remarks),
        )

    def _unwritable(self, rights: Mapping[str, bool | None]) -> str:
        """Return why changes cannot be made that the stream declares; empty when they can."""
        missing = self._missing(rights)
        if missing:
            return f"the connection's user lacks the right to {', '.join(missing)}"
        offered = self._writer.capabilities
        kinds = [kind for kind in rights if Capability(kind) not in offered]
        return f"the system does not say how to {', '.join(kinds)}: see 'writes'" if kinds else ""

    def _problems(self, batch: Batch) -> Iterator[str]:
        """Yield what does not do what it should, most telling first."""
        if not batch.rows:
            self._remarks.append("it holds no record to try its filters with")
        else:
            yield from self._try_key(batch)
            yield from self._try_changes(batch)
        yield from self._try_future()
        if next(iter(self._reader.keys()), None) is None and batch.rows:
            yield "its keys cannot be listed: the listing is empty"
        yield from self._try_reference()

    def _try_key(self, batch: Batch) -> Iterator[str]:
        if not self._query.by_keys:
            self._remarks.append("read.filter.keys is not said: no record can be read by its key")
            return
        key = self._key(batch)
        found = [row for one in self._reader.records([(key,)], None) for row in one.rows]
        at = batch.columns.index(self._reader.stream.primary_key[0])
        if not any(row[at] == key for row in found):
            yield (
                f"a record of '{self._reader.model}' is not found by its key: see read.filter.keys"
            )

    def _try_changes(self, batch: Batch) -> Iterator[str]:
        cursor = self._reader.stream.cursor
        if cursor is None or not self._reader.by_changes:
            return
        stamps = self._reader.stamps(batch)
        if not stamps:
            self._remarks.append(f"its first record has no {' or '.join(cursor.fields)}")
            return
        pieces: list[Any] = [self._reader.since(cursor.codec.render(stamps[0]))]
        if self._query.by_keys and "." not in self._reader.stream.primary_key[0]:
            pieces.append(self._query.keys([self._key(batch)]))
        if not self._reader.first(pieces).rows:
            yield (
                f"the filter for changes of '{self._reader.model}' does not find a record by its"
                " own stamp: see read.filter.since, and the cursor's zone and format"
            )

    def _try_future(self) -> Iterator[str]:
        cursor = self._reader.stream.cursor
        if cursor is None or not self._reader.by_changes or cursor.type not in _FUTURE:
            return
        lower = cursor.codec.render(_FUTURE[cursor.type])
        if self._reader.first([self._reader.since(lower)]).rows:
            yield (
                f"the filter for changes of '{self._reader.model}' finds records of the far"
                " future: it is ignored or misread; see read.filter.since"
            )

    def _try_reference(self) -> Iterator[str]:
        if Capability.LOOKUP not in self._writer.capabilities:
            return
        if self._writer.lookup(f"midspan-check-{uuid.uuid4().hex[:12]}") is not None:
            yield (
                f"a reference that nobody has is found in '{self._reader.model}': see"
                " read.filter.reference"
            )

    def _key(self, batch: Batch) -> Any:
        return batch.rows[0][batch.columns.index(self._reader.stream.primary_key[0])]

    def _rights(self) -> dict[str, bool | None]:
        """Return, for each kind of change that the stream wants, whether the user may make it."""
        config = self._reader.stream.write
        return {kind: self._right(kind) for kind in (config.operations if config else ())}

    def _right(self, kind: str) -> bool | None:
        try:
            return self._grants.has(self._reader.model, kind)
        except (ProtocolError, DriftError, RecordError, TransientError) as error:
            self._remarks.append(f"the right to {kind} could not be asked for ({error.code})")
            return None

    def _missing(self, rights: Mapping[str, bool | None]) -> list[str]:
        refused = [kind for kind, has in rights.items() if has is False]
        return [f"{self._grants.word(kind)} on {self._reader.model}" for kind in refused]

    def _writable(self, rights: Mapping[str, bool | None]) -> bool | None:
        """Return whether every change can be made; None where that cannot be told."""
        offered = self._writer.capabilities
        if not rights:
            return None
        if any(has is False or Capability(kind) not in offered for kind, has in rights.items()):
            return False
        return True if all(rights.values()) else None
