"""Refused rows at the command line: listed, shown, replayed, erased; values only on demand."""

import json

import pytest


@pytest.fixture
def refused(shop):
    """Give the shop with one customer refused for want of a name."""
    shop.map_customers()
    shop.run("UPDATE customers SET name = '' WHERE id = 7")
    assert shop.midspan("sync", "shop.customers").exit_code == 0
    return shop


def mend(shop):
    file = shop.home / "mappings/customers.yaml"
    file.write_text(file.read_text().replace("name: name", "name: {path: mail}"))


def listed(shop, *words):
    return json.loads(shop.midspan("quarantine", "list", "--json", *words).stdout)


def test_rows_and_counts_are_listed(refused):
    """Why and where, by sync, code and field; never what was in them."""
    (row,) = listed(refused)
    (count,) = listed(refused, "--counts")
    told = refused.midspan("quarantine", "list", "shop.customers")

    assert (row["source_key"], row["code"], row["field"]) == ("7", "mapping.required", "name")
    assert (count["sync"], count["rows"]) == ("shop.customers", 1)
    assert "record" not in row
    assert "m7@" not in told.stdout


def test_one_is_shown_without_what_is_personal(refused):
    """Columns that feed personal fields are hidden, until they are asked for."""
    entry = str(listed(refused)[0]["id"])

    hidden = json.loads(
        refused.midspan("quarantine", "show", "shop.customers", entry, "--json").stdout
    )
    plain = refused.midspan("quarantine", "show", "shop.customers", entry, "--show-personal")

    assert (hidden["record"]["id"], hidden["record"]["mail"]) == (7, "•••")
    assert "raw" not in hidden
    assert "m7@example.com" in plain.stdout


def test_bytes_are_shown_with_a_warning(refused):
    """Only where they are asked for."""
    entry = str(listed(refused)[0]["id"])

    shown = refused.midspan("quarantine", "show", "shop.customers", entry, "--raw", "--json")

    assert "raw" in json.loads(shown.stdout)
    assert "may hold personal data" in shown.stderr


def test_a_replay_is_told_before_it_is_done(refused):
    """Without --yes, and with nobody to ask, nothing is applied."""
    mend(refused)

    told = refused.midspan("quarantine", "replay", "shop.customers")
    kept = listed(refused)
    done = refused.midspan("quarantine", "replay", "shop.customers", "--yes", "--json")

    assert "inserted 1" in told.stdout
    assert "nothing was applied" in told.stderr
    assert len(kept) == 1
    assert (json.loads(done.stdout)["inserted"], done.exit_code) == (1, 0)
    assert listed(refused) == []


def test_a_replay_that_cannot_help_says_so(refused):
    """Exit code 1 while a row would be refused again."""
    told = refused.midspan("quarantine", "replay", "shop.customers", "--dry-run", "--json")

    assert told.exit_code == 1
    assert json.loads(told.stdout)[0]["outcome"] == "refused"


def test_a_person_is_erased(refused):
    """By key; and nothing is erased without a name for it."""
    unnamed = refused.midspan("quarantine", "erase", "shop.customers")
    erased = refused.midspan("quarantine", "erase", "shop.customers", "--key", "7", "--json")
    again = refused.midspan("quarantine", "erase", "shop.customers", "--key", "7")

    assert unnamed.exit_code == 2
    assert json.loads(erased.stdout)["erased"] == 1
    assert (again.exit_code, listed(refused)) == (1, [])


def test_nothing_is_old_yet(refused):
    """What is within keep_days keeps its content."""
    pruned = refused.midspan("quarantine", "prune", "--json")

    assert json.loads(pruned.stdout) == {"shop.customers": 0}
