"""Stamps that legacy tables leave empty, in every way they do, on every database."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.sql import SqlAdapter
from midspan.kernel.stream import Slice, StreamCheck
from tests.adapters.building import build, project, records
from tests.fixtures_sql import Database, MakeDatabase

SYSTEM = """
type: sql
conn_id: legacy
{settings}
streams:
  orders:
    primary_key: [id]
    cursor: {{fields: [aedat, erdat], {cursor}}}
    table: orders
"""
SAP = 'type: date, format: "%Y%m%d", lookback: 0d'
ISO = "2026-01-{:02d} 10:00:00"
SAP_DAY = "202601{:02d}"


@dataclass(frozen=True)
class Way:
    """How a table's columns leave a stamp empty, and what the cursor says of it."""

    kind: str
    empty: Any
    cursor: str = "type: datetime"
    day: str = ISO
    on: tuple[str, ...] = ("postgres", "mariadb", "sqlite")


_MARIA, _LITE = ("mariadb", "mariadb generic", "mariadb pymysql"), ("sqlite",)
WAYS = [
    Way("char(8)", "00000000", SAP, SAP_DAY),
    Way("char(8)", "", SAP, SAP_DAY),
    Way("varchar(20)", "   ", SAP, SAP_DAY),
    Way("varchar(30)", "0000-00-00 00:00:00"),
    Way("varchar(30)", "0001-01-01 00:00:00", "zone: Europe/Vienna"),
    Way("varchar(30)", "1900-01-01 00:00:00", "empty: [1900-01-01]"),
    Way("varchar(30)", "9999-12-31 00:00:00", "empty: ['9999-12-31 00:00:00']"),
    Way("varchar(8)", "00000000", 'type: string, empty: ["00000000"]', SAP_DAY),
    Way("varchar(8)", "  ", 'type: string, empty: [""]', SAP_DAY),
    Way("datetime", "0000-00-00 00:00:00", on=_MARIA),
    Way("timestamp NULL", "0000-00-00 00:00:00", on=("mariadb",)),
    Way("date", "0000-00-00", "type: date", "2026-01-{:02d}", ("mariadb",)),
    Way("datetime", "0000-00-00 00:00:00", on=_LITE),
    Way("datetime", "", on=_LITE),
    Way("{stamp}", "1900-01-01 00:00:00", "empty: [1900-01-01]"),
    Way("{stamp}", "9999-12-31 00:00:00", "empty: [9999-12-31]"),
    Way("{stamp}", "infinity", "empty: [infinity]", on=("postgres",)),
    Way("timestamptz", "1970-01-01 00:00:00+00", "empty: [1970-01-01]", on=("postgres",)),
    Way("date", "0001-01-01", "type: date", "2026-01-{:02d}", ("postgres",)),
    Way("integer", 0, "type: integer, lookback: 0, empty: [0]", "{:02d}"),
    Way("integer", -1, "type: integer, lookback: 0, empty: [-1]", "{:02d}"),
]
CASES = [
    pytest.param(way, name, id=f"{name} {way.kind} {way.empty!r} {number}")
    for number, way in enumerate(WAYS)
    for name in way.on
]


def filled(way: Way, database: Database) -> Database:
    """Make a table: changed early and late, only created early and late, without any stamp."""
    database.run(
        f"CREATE TABLE orders (id integer PRIMARY KEY, aedat {way.kind}, erdat {way.kind})"
    )
    none = way.empty
    early, late = (_day(way, number) for number in (5, 15))
    database.fill(
        "orders",
        [
            *((1, early, early), (2, late, early), (3, none, early), (4, none, late)),
            *((5, none, none), (6, None, late), (7, None, none)),
        ],
    )
    return database


def _day(way: Way, number: int) -> Any:
    day = way.day.format(number)
    return int(day) if way.kind == "integer" else day


def opened(way: Way, database: Database, folder: Path) -> SqlAdapter:
    text = SYSTEM.format(settings=database.settings, cursor=way.cursor)
    return build(SqlAdapter, project(folder, "legacy", text), "legacy", database.connection)


def ids(adapter: SqlAdapter, lower: str) -> Sequence[object]:
    with closing(adapter):
        return [row["id"] for row in records(list(adapter.read("orders", Slice(lower=lower))))]


def deep_check(adapter: SqlAdapter) -> Sequence[StreamCheck]:
    with closing(adapter):
        return adapter.check(deep=True).streams


@pytest.mark.parametrize(("way", "name"), CASES)
def test_an_empty_change_stamp_falls_back_to_the_creations(
    way: Way, name: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Found by whichever stamp counts, never by an empty one; without any, each time."""
    database = filled(way, make_database(name))
    lower = _day(way, 10) if way.cursor != SAP else "2026-01-10"

    assert ids(opened(way, database, tmp_path), str(lower)) == [2, 4, 5, 6, 7]


@pytest.mark.parametrize(("way", "name"), CASES[::8])
def test_the_deep_check_tries_a_row_that_has_a_stamp(
    way: Way, name: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """An empty stamp is neither tried nor told as one of the far future."""
    database = filled(way, make_database(name))

    (check,) = deep_check(opened(way, database, tmp_path))
    database.run("DELETE FROM orders WHERE id < 5 OR id = 6")
    (none,) = deep_check(opened(way, database, tmp_path))

    assert (check.ok, check.problem) == (True, "")
    assert not [one for one in check.remarks if "no row has" in one or "ahead" in one]
    assert (none.ok, none.problem) == (True, "")
    assert "no row has a stamp: each is read every time" in none.remarks


def test_a_strict_database_is_asked_for_its_dates_of_zeros(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """A server that lets no such date in any more still tells those that it holds."""
    way = Way("datetime", "0000-00-00 00:00:00", on=_MARIA)
    database = filled(way, make_database("mariadb"))
    strict = database.with_extra({"init_command": "SET SESSION sql_mode = 'TRADITIONAL'"})

    assert ids(opened(way, strict, tmp_path), ISO.format(10)) == [2, 4, 5, 6, 7]


def test_a_row_with_several_stand_ins_falls_back_from_each(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Old programs wrote blanks, newer ones zeros, and a migration the year 1900."""
    way = Way("varchar(20)", "00000000", f"{SAP}, empty: [19000101]", SAP_DAY)
    database = filled(way, make_database("sqlite"))
    database.fill("orders", [(8, "19000101", "20260115"), (9, " ", "20260115")])

    assert ids(opened(way, database, tmp_path), "2026-01-10") == [2, 4, 5, 6, 7, 8, 9]
