"""A few rows are shown as the source has them and as the mapping makes them; nothing is kept."""

import json

import pytest


def rows(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["rows"]


def test_a_stream_that_nothing_maps_is_shown_whole(shop):
    """Every field there is."""
    done = shop.midspan("preview", "shop", "customers", "--rows", "2", "--json")
    shown = json.loads(done.stdout)

    assert done.exit_code == 0
    assert shown["entity"] is None
    assert [row["source"]["id"] for row in shown["rows"]] == [1, 2]
    assert set(shown["columns"]) > {"id", "name", "mail", "active", "changed_at"}
    assert shown["rows"][0]["canonical"] is None


def test_source_and_canonical_stand_side_by_side(shop):
    """Field by field, with the path it was read from; personal ones are marked."""
    shop.map_customers()

    done = shop.midspan("preview", "shop", "customers", "--rows", "1", "--show-personal")
    lines = [line.split() for line in done.stdout.splitlines()]

    assert done.exit_code == 0
    assert ["email", "*", "m1@example.com", "mail", "m1@example.com"] in lines
    assert ["active", "true", "active", "J"] in lines
    assert "not mapped: phone" in done.stdout


def test_a_refused_row_says_which_field_and_why(shop):
    """The exit code says that there is something to look at."""
    shop.map_customers()
    shop.run("UPDATE customers SET mail = 'nope' WHERE id = 2")

    done = shop.midspan("preview", "shop", "customers", "--rows", "3", "--json")
    shown = rows(done)
    table = shop.midspan("preview", "shop", "customers", "--rows", "3").stdout

    assert done.exit_code == 1
    assert [row["outcome"] for row in shown] == ["translated", "refused", "translated"]
    assert (shown[1]["code"], shown[1]["field"]) == ("mapping.email.invalid", "email")
    assert "row 2: refused in email: [mapping.email.invalid]" in table


@pytest.mark.parametrize("as_json", [True, False])
def test_a_preview_shows_no_personal_value(shop, as_json):
    """Neither as the source has it nor as canonical; what is harmless stays."""
    shop.map_customers()

    words = ("--json",) if as_json else ()
    done = shop.midspan("preview", "shop", "customers", *words)

    assert "Name 1" not in done.stdout
    assert "@example.com" not in done.stdout
    assert "•••" in done.stdout
    assert "company" in done.stdout


def test_where_nobody_knows_what_is_personal_everything_is_masked(shop):
    """A stream without a mapping may hold anything; only key and cursor are shown."""
    (first, *_) = rows(shop.midspan("preview", "shop", "customers", "--json"))
    shown = {name for name, value in first["source"].items() if value not in (None, "•••")}

    assert shown <= {"id", "changed_at", "created_at"}


def test_a_foreign_text_cannot_meddle_with_the_terminal(shop):
    """Neither with control characters nor with words that are markup elsewhere."""
    shop.run("UPDATE customers SET name = 'a' || char(27) || '[31m[red]b[/x]' WHERE id = 1")

    done = shop.midspan("preview", "shop", "customers", "--rows", "1", "--show-personal")

    assert "a\\x1b[31m[red]b[/x]" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_unknown_stream_is_answered_with_the_nearest(shop):
    """Configuration: exit code 2."""
    done = shop.midspan("preview", "shop", "customer")

    assert done.exit_code == 2
    assert "Did you mean 'customers'?" in done.stderr


@pytest.mark.parametrize("mapped", [True, False])
def test_a_misspelt_primary_key_is_named(shop, mapped):
    """No row of such a stream could ever be kept: that is no success."""
    if mapped:
        shop.map_customers()
    shop.system.write_text(
        shop.system.read_text().replace("primary_key: [id]", "primary_key: [idd]")
    )

    done = shop.midspan("preview", "shop", "customers")

    assert done.exit_code != 0
    assert "idd" in done.stderr
    assert "primary_key" in done.stderr


def test_a_row_without_a_key_is_refused(shop):
    """As the sync would refuse it."""
    shop.map_customers()
    shop.system.write_text(
        shop.system.read_text().replace("primary_key: [id]", "primary_key: [mail]")
    )
    shop.run("UPDATE customers SET mail = '' WHERE id = 2")

    done = shop.midspan("preview", "shop", "customers", "--json")

    assert done.exit_code == 1
    assert {row["code"] for row in rows(done)} == {"", "record.no_key"}


def test_a_column_that_is_marked_personal_is_hidden_wherever_it_leads(shop):
    """Also from a field that is not personal itself."""
    shop.map_customers()
    file = shop.home / "mappings/customers.yaml"
    file.write_text(f"{file.read_text()}personal: [active]\n")

    (row, *_) = rows(shop.midspan("preview", "shop", "customers", "--json"))

    assert row["canonical"]["active"] == row["source"]["active"] == "•••"


def test_a_row_says_what_a_run_would_make_of_it(shop):
    """Before the first run: inserted; after it: nothing, or the fields that differ."""
    shop.map_customers()
    first = shop.midspan("preview", "shop", "customers", "--rows", "2").stdout
    shop.midspan("apply", "--no-pools")
    shop.midspan("sync", "shop.customers")
    shop.run("UPDATE customers SET name = 'Renamed', active = 'N' WHERE id = 2")

    words = ("preview", "shop", "customers", "--rows", "2")
    shown = " ".join(shop.midspan(*words).stdout.split())
    (one, other) = rows(shop.midspan(*words, "--json"))

    assert "a run over these rows: inserted 2" in first
    assert "would change nothing" in shown
    assert "would be updated: name, active; customer 12 is updated: name, active" in shown
    assert (one["store"]["fate"], other["store"]["fate"]) == ("unchanged", "updated")
    assert other["store"]["changes"] == [
        {"field": "name", "before": "•••", "after": "•••"},
        {"field": "active", "before": True, "after": False},
    ]
