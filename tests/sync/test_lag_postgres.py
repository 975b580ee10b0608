"""A real PostgreSQL, whose transactions stamp their rows when they begin and commit later."""

import time
from pathlib import Path

import pytest

from config.settings import Settings
from midspan.sync.pipeline import run_sync
from midspan.sync.project import Project, assemble
from midspan.sync.report import RunReport
from tests.fixtures_sql import Database, MakeDatabase

_SYSTEM = """
type: sql
conn_id: erp
budget: {rate: 10000, concurrency: 4}
streams:
  customers:
    primary_key: id
    cursor: {fields: [changed], lookback: LOOKBACK, commit_lag: 0s}
    table: customers
"""
_MAPPING = """
mapping: customers
entity: customer/1
source: erp.customers
fields: {kind: {const: person}, name: {path: name}}
ignore: [id, changed]
"""
_SYNC = "system: erp\nstream: customers\nentity: customer\nmapping: customers.yaml\n"
_LONG = 1.2


def project(folder: Path, source: Database, lookback: str) -> Project:
    """Return a project that reads the database with a lookback."""
    for name, text in {
        "config/systems/erp.yaml": _SYSTEM.replace("LOOKBACK", lookback),
        "config/syncs/erp.customers.yaml": _SYNC,
        "mappings/customers.yaml": _MAPPING,
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return assemble(Settings(folder, folder / "state", None, "", "t"), lambda _: source.connection)


def sync(folder: Path, source: Database, lookback: str) -> RunReport:
    """Run the sync once."""
    opened = project(folder, source, lookback)
    try:
        return run_sync(opened, "erp.customers")
    finally:
        opened.close()


@pytest.fixture
def source(make_database: MakeDatabase) -> Database:
    """Give a table of customers whose stamp is their transaction's beginning."""
    database = make_database("postgres")
    database.run(
        "CREATE TABLE customers (id integer PRIMARY KEY, name text,"
        " changed timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'))"
    )
    database.run("INSERT INTO customers (id, name) VALUES (1, 'First')")
    return database


def test_a_long_transaction_is_not_lost_and_a_lookback_is_proposed(
    source: Database, tmp_path: Path
) -> None:
    """Its row, passed by a run while it was open, arrives; how late it was is measured."""
    sync(tmp_path, source, "1m")
    began = time.monotonic()
    with source.engine.begin() as slow:
        slow.exec_driver_sql("INSERT INTO customers (id, name) VALUES (2, 'Slow')")
        time.sleep(_LONG)
        source.run("INSERT INTO customers (id, name) VALUES (3, 'Quick')")
        passed = sync(tmp_path, source, "1m")
        elapsed = time.monotonic() - began

    report = sync(tmp_path, source, "1m")
    short = sync(tmp_path, source, "1s")

    assert (passed.ledger["inserted"], report.ledger["inserted"]) == (1, 1)
    assert passed.lag is not None
    assert report.lag is not None
    assert short.lag is not None
    assert (passed.lag.late, report.lag.late) == (0, 1)
    assert _LONG < report.lag.greatest < elapsed + 2
    assert report.lag.proposal is None
    assert short.lag.late == 1
    assert (short.lag.proposal or "").startswith("lookback: ")
