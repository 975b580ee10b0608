"""The CRM's legacy database: one SQLite file with one table of customers, KUNDEN.

Guarantees: each method is one transaction on a connection of its own; a delete removes the row
and leaves no trace, but its number is never given again (ZAEHLER holds the last one); rows list
in the order of CHG_TS, then CUST_NO, both compared as text. A file locked by somebody else raises
`sqlite3.OperationalError` after half a second.

CRT_TS and CHG_TS are the wall clock of Europe/Vienna, `YYYY-MM-DDTHH:MM:SS` without a zone, kept
as text: what stands there is not checked. A missing value is NULL.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Vienna")
EDITABLE = (
    *("KIND", "NAME1", "NAME2", "MAIL", "TEL", "UID_NR", "STR", "PLZ", "ORT", "LAND"),
    *("SPRACHE", "MARKETING_OK", "DEL_FLAG"),
)
COLUMNS = ("CUST_NO", *EDITABLE, "CRT_TS", "CHG_TS")

Row = dict[str, str | None]

_SCHEMA = """
CREATE TABLE KUNDEN (
    CUST_NO TEXT PRIMARY KEY, KIND TEXT NOT NULL,
    NAME1 TEXT, NAME2 TEXT, MAIL TEXT, TEL TEXT, UID_NR TEXT,
    STR TEXT, PLZ TEXT, ORT TEXT, LAND TEXT, SPRACHE TEXT,
    MARKETING_OK TEXT NOT NULL DEFAULT 'N', DEL_FLAG TEXT NOT NULL DEFAULT 'N',
    CRT_TS TEXT NOT NULL, CHG_TS TEXT NOT NULL
);
CREATE INDEX KUNDEN_CHG ON KUNDEN (CHG_TS, CUST_NO);
CREATE TABLE ZAEHLER (LETZTE_NR INTEGER NOT NULL);
"""
_STORE = """
INSERT OR REPLACE INTO KUNDEN VALUES (
    :CUST_NO, :KIND, :NAME1, :NAME2, :MAIL, :TEL, :UID_NR, :STR, :PLZ, :ORT, :LAND, :SPRACHE,
    :MARKETING_OK, :DEL_FLAG, :CRT_TS, :CHG_TS)
"""
_BLANK: Row = dict.fromkeys(COLUMNS) | {"KIND": "P", "MARKETING_OK": "N", "DEL_FLAG": "N"}


def local_time() -> str:
    """Return the company's wall clock, to the second and without a zone."""
    return datetime.now(ZONE).replace(tzinfo=None).isoformat(timespec="seconds")


class Database:
    """The customers of one CRM file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, rows: list[Row]) -> "Database":
        """Write a new file holding `rows`; it appears whole or, on a failure, not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        database = cls(unfinished)
        with database._transaction() as connection:
            connection.executescript(_SCHEMA)
            connection.executemany(_STORE, rows)
            connection.execute("INSERT INTO ZAEHLER SELECT max(CUST_NO) + 0 FROM KUNDEN")
        unfinished.replace(path)
        return cls(path)

    def changed_since(self, since: str | None, page: int, size: int) -> tuple[list[Row], int]:
        """Return the given page (from 1) of rows with CHG_TS >= `since`, and how many there are."""
        values = {"since": since or "", "size": size, "skip": (page - 1) * size}
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT * FROM KUNDEN WHERE CHG_TS >= :since"
                " ORDER BY CHG_TS, CUST_NO LIMIT :size OFFSET :skip",
                values,
            ).fetchall()
            total = connection.execute(
                "SELECT count(*) FROM KUNDEN WHERE CHG_TS >= :since", values
            ).fetchone()[0]
        return [dict(row) for row in rows], total

    def numbers(self, page: int, size: int) -> tuple[list[str], int]:
        """Return the given page (from 1) of customer numbers in order, and how many there are."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT CUST_NO FROM KUNDEN ORDER BY CUST_NO LIMIT ? OFFSET ?",
                (size, (page - 1) * size),
            ).fetchall()
            total = connection.execute("SELECT count(*) FROM KUNDEN").fetchone()[0]
        return [row["CUST_NO"] for row in rows], total

    def get(self, number: str) -> Row | None:
        """Return one customer, or None."""
        with self._transaction() as connection:
            return _find(connection, number)

    def insert(self, values: Mapping[str, str | None]) -> str:
        """Store a new customer stamped with the present time; return the number it was given."""
        now = local_time()
        with self._transaction() as connection:
            connection.execute("BEGIN IMMEDIATE")
            (last,) = connection.execute(
                "UPDATE ZAEHLER SET LETZTE_NR = LETZTE_NR + 1 RETURNING LETZTE_NR"
            ).fetchone()
            number = f"{last:06}"
            stamps = {"CUST_NO": number, "CRT_TS": now, "CHG_TS": now}
            connection.execute(_STORE, _BLANK | dict(values) | stamps)
        return number

    def update(self, number: str, values: Mapping[str, str | None]) -> bool:
        """Overwrite the given columns and stamp the change; return False if there is no row."""
        with self._transaction() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = _find(connection, number)
            if row is not None:
                connection.execute(_STORE, row | dict(values) | {"CHG_TS": local_time()})
        return row is not None

    def delete(self, number: str) -> bool:
        """Remove the row; return False if there is none."""
        with self._transaction() as connection:
            found = connection.execute("DELETE FROM KUNDEN WHERE CUST_NO = ?", (number,))
            return found.rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=0.5)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def _find(connection: sqlite3.Connection, number: str) -> Row | None:
    row = connection.execute("SELECT * FROM KUNDEN WHERE CUST_NO = ?", (number,)).fetchone()
    return None if row is None else dict(row)
