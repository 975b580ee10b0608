"""An adapter that keeps every promise of the suite, made to be broken in one place at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from adapters.base import AdapterContext, chosen, known_stream
from adapters.discovery import SAMPLE, describe
from adapters.http import HttpClient
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply
from adapters.testing import READS, WRITES
from adapters.writing import carried, confirmed, once, only_one, require
from midspan.kernel.catalog import Catalog, CatalogStream
from midspan.kernel.errors import (
    AccessDenied,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
)
from midspan.kernel.gate import Timeouts
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Slice, StreamCheck
from midspan.kernel.writing import Capability, Record, WriteOperation, WriteResult

_METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class LedgerSpec:
    """The ledger's keys."""

    page: int = 10


@dataclass(frozen=True, slots=True)
class LedgerStreamSpec:
    """A stream has none of its own."""


class LedgerAdapter:
    """Reads and writes the ledger."""

    spec: ClassVar[type] = LedgerSpec
    stream_spec: ClassVar[type] = LedgerStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self.context = context
        self.streams = context.streams
        self.http = HttpClient(context.connection)
        self.session = ""

    def capabilities(self, stream: str) -> frozenset[Capability]:
        known_stream(self.streams, stream)
        return READS | WRITES

    def check(self, streams: Sequence[str] | None = None, *, deep: bool = False) -> CheckReport:
        return CheckReport(tuple(self._check(name) for name in chosen(self.streams, streams)))

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        rows = self.ask({"limit": SAMPLE})
        columns = tuple(rows[0]) if rows else ()
        found = describe(columns, [tuple(row.values()) for row in rows])
        stream = CatalogStream(
            "customers",
            "list",
            found.fields,
            found.primary_key,
            found.key_evidence,
            found.cursors,
            configured=tuple(self.streams),
        )
        return Catalog((stream,), datetime.now(UTC))

    def now(self) -> datetime | None:
        return None

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        known_stream(self.streams, stream)
        query: dict[str, Any] = {"limit": self.context.options.page}
        if part.lower is not None:
            query["since"] = part.lower
        if part.keys is not None:
            query["ids"] = ",".join(str(number) for (number,) in part.keys)
            if not part.keys:
                return
        after = position["after"] if position else 0
        while rows := self.page({**query, "after": after}):
            after = rows[-1]["id"]
            yield self.batch(rows, after)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        for batch in self.read(stream, Slice()):
            yield [(row[0],) for row in batch.rows]

    def write(self, stream: str, operation: WriteOperation, reference: str) -> WriteResult:
        bound = known_stream(self.streams, stream)
        require(self.capabilities(stream), stream, operation)
        number = operation.key[0] if operation.key else ""
        body = dict(carried(bound, operation, reference))
        self.change(_METHODS[operation.kind], f"/customers/{number}", body)
        if operation.kind == "create":
            return self.confirm(reference, body)
        return WriteResult(operation.key or ())

    def lookup(self, stream: str, reference: str) -> Record | None:
        known_stream(self.streams, stream)
        return only_one(stream, self.ask({"ref": reference}))

    def close(self) -> None:
        self.http.close()

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self.ask(query)

    def batch(self, rows: Sequence[Mapping[str, Any]], after: int) -> Batch:
        columns = ("id", "name", "changed")
        values = [tuple(row.get(name) for name in columns) for row in rows]
        return Batch(columns, values, {"after": after})

    def ask(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/customers?{urlencode(query)}")
        return found

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self.call(method, path, body)

    def confirm(self, reference: str, body: Mapping[str, Any]) -> WriteResult:
        return confirmed(self.streams["customers"], reference, self.lookup)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        for fresh in (False, True):
            if fresh or not self.session:
                self._log_in()
            try:
                return self._once(method, path, body)
            except SessionExpired:
                if fresh:
                    raise
        raise AssertionError(method)

    def send(
        self, timeouts: Timeouts, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Session": self.session}
        url = f"{self.context.connection.base_url}{path}"
        return _read(self.http.exchange(method, url, timeouts, headers=headers, body=data))

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        def operation(timeouts: Timeouts) -> Any:
            return self.send(timeouts, method, path, body)

        guarded = operation if method == "GET" else once("customers", operation)
        return self.context.gate.call(self.context.lane, guarded)

    def _log_in(self) -> None:
        body = {"password": self.context.connection.password.reveal()}
        told = self.context.gate.call(
            self.context.lane, lambda timeouts: self.send(timeouts, "POST", "/login", body)
        )
        self.session = told["session"]

    def _check(self, name: str) -> StreamCheck:
        try:
            self.ask({"limit": 1})
        except (AccessDenied, ProtocolError) as error:
            return StreamCheck(name, readable=False, problem=str(error))
        return StreamCheck(name, readable=True)


def _read(reply: Reply) -> Any:
    if reply.status == 401:
        raise SessionExpired("ledger.session", "the session has ended")
    if reply.status == 404:
        raise RecordError("adapter.no_record", "there is no such customer")
    if reply.status == 422:
        raise RecordError("adapter.write_refused", "the ledger refuses the customer")
    raise_for_status(reply)
    try:
        return json.loads(reply.body)
    except ValueError:
        raise ProtocolError("ledger.no_json", "the reply is no JSON") from None


def raw(error: MidspanError) -> Exception:
    """Return what an adapter lets through that translates nothing."""
    return RuntimeError(error.code)
