"""Records that carry no change stamp until they are changed, from table to center."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from config.connections import Connection
from config.settings import Settings
from midspan.kernel.cursor import CursorCodec
from midspan.sync.pipeline import run_sync
from midspan.sync.project import Project, assemble

_STREAM = """
  {name}:
    primary_key: id
    cursor: {{fields: [aedat, erdat], {cursor}}}
    table: {name}
"""
_MAPPING = """
mapping: {name}
entity: customer/1
source: erp.{name}
fields: {{kind: {{const: person}}, name: {{path: name}}}}
ignore: [id, aedat, erdat]
"""
_SYNC = "system: erp\nstream: {name}\nentity: customer\nmapping: {name}.yaml\n"
_SYSTEM = "type: sql\nconn_id: erp\nbudget: {rate: 10000, concurrency: 4}\nstreams:"
SAP = 'type: date, format: "%Y%m%d", lookback: 0d'
DAY, TIME = "%Y%m%d", "%Y-%m-%d %H:%M:%S"
FIRST, SECOND, THIRD = (datetime(2026, 3, day) for day in (1, 2, 3))  # noqa: DTZ001 local days


@dataclass(frozen=True)
class Way:
    """What a table holds instead of a stamp, and how its cursor is declared."""

    name: str
    empty: str | None
    cursor: str = SAP
    form: str = DAY


WAYS = [
    Way("zeros", "00000000"),
    Way("time_of_zeros", "0000-00-00 00:00:00", "lookback: 0s", TIME),
    Way("declared", "1900-01-01 00:00:00", "lookback: 0s, empty: [1900-01-01]", TIME),
]


@dataclass
class World:
    """A system with a table for each way, and the project that reads it."""

    project: Project
    file: Path
    names: int = 0

    def put(self, way: Way, key: int, *stamps: datetime | None) -> None:
        """Write a customer, under another name each time; ``stamps`` are change and creation."""
        self.names += 1
        told = [way.empty if one is None else one.strftime(way.form) for one in stamps]
        with closing(sqlite3.connect(self.file)) as database, database:
            statement = f"INSERT OR REPLACE INTO {way.name} VALUES (?, ?, ?, ?)"  # noqa: S608
            database.execute(statement, (key, f"Name {self.names}", *told))

    def sync(self, way: Way) -> tuple[int, int, int, str]:
        """Return what a run inserted, updated and refused, and where its cursor stands."""
        report = run_sync(self.project, f"erp.{way.name}")
        inserted, updated, refused = (
            report.ledger[name] for name in ("inserted", "updated", "quarantined")
        )
        return inserted, updated, refused, report.cursor_to or ""


@pytest.fixture(scope="module")
def world(
    module_store_url: str | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Give the empty tables and their syncs, on each store."""
    folder = tmp_path_factory.mktemp("world")
    streams = [_STREAM.format(name=way.name, cursor=way.cursor) for way in WAYS]
    texts = {"config/systems/erp.yaml": _SYSTEM + "".join(streams)}
    for way in WAYS:
        texts[f"config/syncs/erp.{way.name}.yaml"] = _SYNC.format(name=way.name)
        texts[f"mappings/{way.name}.yaml"] = _MAPPING.format(name=way.name)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with closing(sqlite3.connect(folder / "erp.db")) as database:
        for way in WAYS:
            columns = "id integer PRIMARY KEY, name text, aedat text, erdat text"
            database.execute(f"CREATE TABLE {way.name} ({columns})")
    place = Connection("erp", "sqlite", extra={"path": str(folder / "erp.db")})
    settings = Settings(folder, folder / "state", module_store_url, "", "t")
    project = assemble(settings, lambda _: place)
    yield World(project, folder / "erp.db")
    project.close()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_record_is_found_by_its_creation_and_then_by_its_change(world: World, way: Way) -> None:
    """Nothing is lost or refused; what has no stamp at all is looked at each time.

    The cursor goes by the stamp that counts, and nothing else moves it.
    """
    world.put(way, 1, None, FIRST)
    world.put(way, 2, None, None)
    created = world.sync(way)
    world.put(way, 2, None, None)
    world.put(way, 3, None, SECOND)
    another = world.sync(way)
    world.put(way, 1, THIRD, FIRST)
    changed = world.sync(way)
    again = world.sync(way)

    assert created == (2, 0, 0, _cursor(way, FIRST))
    assert another == (1, 1, 0, _cursor(way, SECOND))
    assert changed == (0, 1, 0, _cursor(way, THIRD))
    assert again == (0, 0, 0, _cursor(way, THIRD))


def _cursor(way: Way, stamp: datetime) -> str:
    return CursorCodec("date" if way.form == DAY else "datetime").parse(stamp)
