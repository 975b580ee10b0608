"""What is in a system is shown, kept, and pasted into its file."""

import json
from datetime import UTC, datetime

import yaml

from config.settings import Settings
from midspan.cli.catalog import stream_yaml
from midspan.governor import KeptStream
from midspan.kernel.catalog import CatalogStream, CursorCandidate
from midspan.sync.catalogs import Found
from midspan.sync.project import assemble


def found(done):
    assert done.exit_code == 0, done.stderr
    return {one["stream"]["name"]: one for one in json.loads(done.stdout)["streams"]}


def test_every_table_and_view_is_listed_with_key_and_best_cursor(shop):
    """In one line each, also those that no stream reads yet."""
    done = shop.midspan("discover", "shop")

    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│")}
    assert set(lines) == {"customers", "orders", "open_orders"}
    assert "changed_at, then created_at (datetime, %Y-%m-%d %H:%M:%S)" in lines["customers"]
    assert lines["customers"].split("│")[-2].strip() == "customers"
    assert " view " in lines["open_orders"]


def test_a_stream_is_shown_with_its_fields_and_the_evidence(shop):
    """Whoever decides sees why; no value of a record is shown."""
    done = shop.midspan("discover", "shop", "customers")

    assert "customers: table, about 40 rows, looked at just now" in done.stdout
    assert "key      id: declared by the source" in done.stdout
    assert "named like a change stamp; empty in 20 of 40 rows" in done.stdout
    assert "where changed_at is empty" in " ".join(done.stdout.split())
    assert "Name 1" not in done.stdout


def test_what_is_known_is_answered_without_calling_the_system(shop):
    """Also when the system is away; the time tells how old the answer is."""
    first = found(shop.midspan("discover", "shop", "--json"))
    nowhere = {"AIRFLOW_CONN_SHOP": "sqlite://?path=/nowhere/shop.sqlite"}

    again = found(shop.midspan("discover", "shop", "--json", **nowhere))
    named = found(shop.midspan("discover", "shop", "orders", "--json", **nowhere))
    refreshed = shop.midspan("discover", "shop", "--refresh", **nowhere)

    assert again == first
    assert list(named) == ["orders"]
    assert refreshed.exit_code != 0


def test_a_system_that_held_nothing_is_looked_at_again(shop):
    """Tables that come later are seen without being asked for anew."""
    for drop in ("VIEW open_orders", "TABLE orders", "TABLE customers"):
        shop.run(f"DROP {drop}")
    first = found(shop.midspan("discover", "shop", "--json"))
    shop.run("CREATE TABLE later (id INTEGER PRIMARY KEY)")

    second = found(shop.midspan("discover", "shop", "--json"))

    assert (list(first), list(second)) == ([], ["later"])


def test_only_what_is_asked_for_is_looked_at_again(shop):
    """The others keep what is known of them, and its age."""
    before = found(shop.midspan("discover", "shop", "--json"))
    shop.run("ALTER TABLE orders ADD COLUMN note TEXT")

    after = found(shop.midspan("discover", "shop", "orders", "--refresh", "--json"))
    everything = found(shop.midspan("discover", "shop", "--json"))

    assert [one["name"] for one in after["orders"]["stream"]["fields"]][-1] == "note"
    assert everything["orders"] == after["orders"]
    assert everything["customers"] == before["customers"]


def test_a_stream_is_found_by_the_name_its_file_gives_it(shop):
    """And one that is gone is forgotten with the next listing."""
    shop.system.write_text(shop.system.read_text().replace("  customers:", "  people:"))
    named = found(shop.midspan("discover", "shop", "--json"))
    by_stream = found(shop.midspan("discover", "shop", "people", "--json"))
    shop.run("DROP VIEW open_orders")
    listed = found(shop.midspan("discover", "shop", "--refresh", "--json"))

    assert named["customers"]["stream"]["configured"] == ["people"]
    assert by_stream["customers"] == named["customers"]
    assert set(listed) == {"customers", "orders"}


def test_an_unknown_stream_is_answered_with_the_nearest(shop):
    """Configuration: exit code 2."""
    shop.midspan("discover", "shop")

    done = shop.midspan("discover", "shop", "custmers")

    assert done.exit_code == 2
    assert "Did you mean 'customers'?" in done.stderr


def test_the_printed_yaml_stands_in_the_systems_file_as_it_is(shop):
    """Pasted it binds, and the stream can be read at once."""
    done = shop.midspan("discover", "shop", "orders", "--yaml")
    block = done.stdout.removeprefix("streams:\n")
    shop.system.write_text(f"{shop.system.read_text().rstrip()}\n{block}")

    linted = shop.midspan("lint")
    read = shop.midspan("preview", "shop", "orders", "--json")

    assert "# " in block
    assert linted.exit_code == 0, linted.stderr
    assert json.loads(read.stdout)["rows"][0]["source"]["no"]
    assert "cursor" not in yaml.safe_load(block)["orders"], "a day of business is no cursor"


def test_a_proposed_cursor_is_the_one_that_was_found(shop):
    """Fields in order, format, and the zone to be filled in."""
    shop.system.write_text(shop.system.read_text().partition("streams:")[0] + "streams: {}\n")
    done = shop.midspan("discover", "shop", "customers", "--yaml")
    shop.system.write_text(shop.system.read_text().replace("streams: {}\n", done.stdout))
    settings = Settings.from_environment({"MIDSPAN_HOME": str(shop.home)})
    project = assemble(settings)
    cursor = project.systems["shop"].streams["customers"].cursor
    project.close()

    assert cursor is not None
    assert cursor.fields == ("changed_at", "created_at")
    assert (cursor.format, cursor.zone) == ("%Y-%m-%d %H:%M:%S", "UTC")
    assert "# zone: write the zone whose clock the source shows" in done.stdout


def test_what_stands_for_no_stamp_is_written_into_the_proposal():
    """The cursor declares it, so that it works as it is pasted."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    cursor = CursorCandidate(
        ("AEDAT", "ERDAT"), "date", 0.9, ("indexed",), "%Y%m%d", ("1900-01-01",)
    )
    stream = CatalogStream("VBAK", "table", (), ("VBELN",), cursors=(cursor,))

    text = stream_yaml(Found("sap", (KeptStream(stream, now),), now), everything=False)

    assert yaml.safe_load(text)["streams"]["vbak"]["cursor"] == {
        "fields": ["AEDAT", "ERDAT"],
        "type": "date",
        "format": "%Y%m%d",
        "empty": ["1900-01-01"],
        "lookback": "1d",
    }
