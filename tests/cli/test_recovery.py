"""The verbs that find and mend what slipped: reconcile, backfill, rewind."""

import json
import sqlite3
from contextlib import closing

import pytest

NAME = "shop.customers"


@pytest.fixture
def synced(shop):
    """Give a shop whose customers are in the center."""
    shop.map_customers()
    assert shop.midspan("sync", NAME).exit_code == 0
    return shop


def alter(shop, statement):
    """Change the center's store behind everybody's back."""
    (store,) = shop.home.parent.rglob("user_center.db")
    with closing(sqlite3.connect(store)) as database, database:
        database.execute(statement)


def test_what_is_clean_is_said_and_what_slipped_is_named_and_healed(synced):
    """Exit code 1 with findings, 0 without and when they were healed; no value is shown."""
    clean = synced.midspan("reconcile", NAME)
    alter(synced, "UPDATE customer_source SET name = 'Altered' WHERE source_key = '7'")
    alter(synced, "DELETE FROM customer_source WHERE source_key = '8'")

    found = synced.midspan("reconcile", NAME)
    healed = synced.midspan("reconcile", NAME, "--heal", "--json")
    again = synced.midspan("reconcile", NAME, "--buckets", "3", "--json")

    assert (clean.exit_code, found.exit_code) == (0, 1), found.stdout + found.stderr
    assert "different" in found.stdout
    assert "Name 7" not in found.stdout
    assert "Altered" not in found.stdout
    told = json.loads(healed.stdout)
    assert [(one["key"], one["kind"], one["fields"]) for one in told["findings"]] == [
        ("7", "different", ["name"]),
        ("8", "missing", []),
    ]
    assert (healed.exit_code, told["healed"]["updated"], told["healed"]["inserted"]) == (0, 1, 1)
    assert (json.loads(again.stdout)["clean"], again.exit_code) == (True, 0)


def test_a_backfill_prints_its_ledger(synced):
    """Values are written as a person writes them; the range's end is not read."""
    synced.run("UPDATE customers SET created_at = '2020-01-02 00:00:00' WHERE id IN (2, 4)")

    done = synced.midspan(
        "backfill", NAME, "--from", "2020-01-01", "--to", "2020-01-03 00:00:00", "--json"
    )
    told = json.loads(done.stdout)

    assert (done.exit_code, told["kind"], told["read"], told["unchanged"]) == (0, "backfill", 2, 2)


def test_a_rewind_tells_what_comes_next(synced):
    """First as a plan, then done; the run after it reads everything."""
    plan = synced.midspan("rewind", NAME, "--source-restored", "--dry-run")
    done = synced.midspan("rewind", NAME, "--source-restored", "--json")
    run = synced.midspan("sync", NAME, "--json")

    assert "would be set back" in plan.stdout
    assert "the next run reads the stream from its beginning" in plan.stdout
    assert (json.loads(done.stdout)["cursor_to"], done.exit_code) == (None, 0)
    assert json.loads(run.stdout)["unchanged"] == 40


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--to", "2026-01-01", "--source-restored"),
        ("--source-restored", "--golden-id-floor", "9"),
        ("--to", "sometime"),
    ],
)
def test_a_rewind_that_is_not_clear_does_nothing(synced, words):
    """It says what to name."""
    done = synced.midspan("rewind", NAME, *words)

    assert done.exit_code == 2
    assert "--to" in done.stderr or "[cursor.value]" in done.stderr or "belongs" in done.stderr
