"""A legacy system that a test holds in its hand, and the adapter that reads it.

The system is one SQLite file with a clock of its own. It can do what real ones do: commit a
row long after its stamp, give the same stamp twice, list a record twice, hide a record that
it cannot render, forget one, keep a child record that leaves its parent untouched. The
adapter is an ordinary one, installed by its entry point; it reads page by page with a query
each, so that what a test changes between two pages is really seen by the second.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from adapters.base import AdapterContext
from midspan.kernel.errors import ProtocolError
from midspan.kernel.gate import Lane, Timeouts
from midspan.kernel.stream import Batch, CheckReport, Key, Position, Reject, Row, Slice, StreamCheck
from midspan.kernel.writing import Capability

STAMP = "changed"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    pos INTEGER PRIMARY KEY, stream TEXT, id TEXT, stamp TEXT, body TEXT, committed INTEGER
);
CREATE TABLE IF NOT EXISTS clock (now TEXT);
"""

touched: Callable[[str], None] = lambda _what: None  # noqa: E731 replaced by whoever counts
"""Called before each page is read: a place where a test may end this process."""


class Legacy:
    """One system's file, as its own users change it."""

    def __init__(self, file: Path, now: datetime | None = None) -> None:
        self.file = file
        with closing(sqlite3.connect(file)) as database, database:
            database.executescript(_SCHEMA)
            if now and database.execute("SELECT 1 FROM clock").fetchone() is None:
                database.execute("INSERT INTO clock VALUES (?)", (now.isoformat(),))

    @property
    def now(self) -> datetime:
        """Return the system's own clock."""
        return datetime.fromisoformat(self._all("SELECT now FROM clock")[0][0])

    def set_clock(self, now: datetime) -> None:
        """Set the system's own clock."""
        self._do("UPDATE clock SET now = ?", now.isoformat())

    def put(self, stream: str, key: Any, at: datetime | str | None = None, **values: Any) -> None:
        """Insert or replace a record; ``at`` is its stamp, by default the clock's time."""
        stamp, body = self._stamp(at), json.dumps({"id": key, **values})
        found = self._all(
            "SELECT pos FROM records WHERE stream = ? AND id = ?", stream, json.dumps(key)
        )
        if found:
            self._do("UPDATE records SET stamp = ?, body = ? WHERE pos = ?", stamp, body, *found[0])
        else:
            self.add(stream, key, at, **values)

    def add(self, stream: str, key: Any, at: datetime | str | None = None, **values: Any) -> None:
        """Append a record even if there is one of this key."""
        self._do(
            "INSERT INTO records (stream, id, stamp, body, committed) VALUES (?, ?, ?, ?, 1)",
            stream,
            json.dumps(key),
            self._stamp(at),
            json.dumps({"id": key, **values}),
        )

    def add_unreadable(self, stream: str, raw: str) -> None:
        """Append a record that the adapter cannot read."""
        self._do(
            "INSERT INTO records (stream, id, stamp, body, committed) VALUES (?, 'null', ?, ?, 1)",
            stream,
            self._stamp(None),
            raw,
        )

    def hold_back(self, stream: str, key: Any) -> None:
        """Make a record invisible, as one whose transaction has not committed."""
        self._do(
            "UPDATE records SET committed = 0 WHERE stream = ? AND id = ?", stream, json.dumps(key)
        )

    def commit(self, stream: str, key: Any) -> None:
        """Make a record visible, its stamp unchanged."""
        self._do(
            "UPDATE records SET committed = 1 WHERE stream = ? AND id = ?", stream, json.dumps(key)
        )

    def remove(self, stream: str, *keys: Any) -> None:
        """Forget records without a trace."""
        for key in keys:
            self._do("DELETE FROM records WHERE stream = ? AND id = ?", stream, json.dumps(key))

    def page(
        self, stream: str, part: Slice, after: int, size: int
    ) -> list[tuple[int, str, str | None]]:
        """Return position, body and stamp of the next records of a slice."""
        where, values = "stream = ? AND committed AND pos > ?", [stream, after]
        if part.lower is not None:
            where, values = f"{where} AND stamp >= ?", [*values, part.lower]
        if part.keys is not None:
            marks = ", ".join("?" * len(part.keys))
            where = f"{where} AND id IN ({marks})"
            values += [json.dumps(key[0]) for key in part.keys]
        sql = f"SELECT pos, body, stamp FROM records WHERE {where} ORDER BY pos LIMIT {size}"  # noqa: S608 our own words
        return self._all(sql, *values)

    def _stamp(self, at: datetime | str | None) -> str:
        if isinstance(at, str):
            return at
        return (at or self.now).replace(tzinfo=None).isoformat()

    def _do(self, sql: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.file)) as database, database:
            database.execute(sql, values)

    def _all(self, sql: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.file)) as database:
            return database.execute(sql, values).fetchall()


@dataclass(frozen=True, slots=True)
class ScriptedSpec:
    """How many records a page holds, and whether the system tells its time."""

    page: int = 3
    tells_time: bool = True


@dataclass(frozen=True, slots=True)
class ScriptedStreamSpec:
    """The stream's columns beside ``id`` and ``changed``."""

    fields: tuple[str, ...] = ()


class ScriptedAdapter:
    """Reads a ``Legacy``; the connection's schema is its file."""

    spec: ClassVar[type] = ScriptedSpec
    stream_spec: ClassVar[type] = ScriptedStreamSpec

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._legacy = Legacy(Path(context.connection.schema))

    def capabilities(self, stream: str) -> frozenset[Capability]:
        """Return that everything but writing can be done."""
        del stream
        read = (Capability.READ, Capability.CHANGES, Capability.BY_KEY, Capability.KEYS)
        return frozenset(read)

    def check(self, streams: Sequence[str] | None = None) -> CheckReport:
        """Find every stream readable."""
        names = streams or tuple(self._context.streams)
        return CheckReport(tuple(StreamCheck(name, readable=True) for name in names))

    def now(self) -> datetime | None:
        """Return the system's clock, if it tells it."""
        return self._legacy.now if self._context.options.tells_time else None

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        """Yield the slice page by page."""
        after = position["after"] if position else 0
        while True:
            found = self._page(stream, part, after)
            if not found:
                return
            after = found[-1][0]
            yield self._batch(stream, found, after)

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        """Yield every key, page by page; a record named ``break`` breaks the listing off."""
        after = 0
        while found := self._page(stream, Slice(), after):
            after = found[-1][0]
            bodies = [json.loads(body) for _, body, _ in found if body.startswith("{")]
            if any(body["id"] == "break" for body in bodies):
                raise ProtocolError("adapter.silent_loss", "the listing ended early")
            yield [(body["id"],) for body in bodies]

    def close(self) -> None:
        """Give back nothing."""

    def _page(self, stream: str, part: Slice, after: int) -> list[tuple[int, str, str | None]]:
        size = self._context.options.page

        def call(_timeouts: Timeouts) -> list[tuple[int, str, str | None]]:
            touched("read")
            return self._legacy.page(stream, part, after, size)

        return self._context.gate.call(Lane.SYNC, call)

    def _batch(
        self, stream: str, found: Sequence[tuple[int, str, str | None]], after: int
    ) -> Batch:
        fields = self._context.streams[stream].options.fields
        columns = ("id", STAMP, *fields)
        rows: list[Row] = []
        raws: list[tuple[bytes, str]] = []
        rejects = []
        for pos, body, stamp in found:
            if not body.startswith("{"):
                rejects.append(
                    Reject("adapter.unreadable", "no record", body.encode(), f"record {pos}")
                )
                continue
            record = json.loads(body) | {STAMP: stamp}
            rows.append(tuple(record.get(name) for name in columns))
            raws.append((body.encode(), f"record {pos}"))
        return Batch(columns, rows, {"after": after}, rejects, raws.__getitem__)


class TestClock:
    """A clock that stands still until it is told otherwise; sleeping moves it."""

    __test__ = False

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        self.forward(timedelta(seconds=seconds))

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._seconds += by.total_seconds()
