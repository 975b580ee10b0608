"""A mapping is drafted from a stream: as YAML with evidence, in a file, as JSON; never applied."""

import json

import pytest
import yaml

from mappings import load_mapping
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import entity_types


def test_a_draft_is_a_mapping_with_evidence(shop):
    """Each field says how sure it is and why; what is left out says why."""
    done = shop.midspan("suggest", "shop", "customers")
    draft = yaml.safe_load(done.stdout)

    assert draft["entity"] == "customer/1"
    assert draft["fields"]["email"] == {"path": "mail", "via": "email"}
    assert draft["fields"]["name"]["path"] == "name"
    assert draft["fields"]["active"]["path"] == "active"
    assert draft["ignore"] == ["id", "changed_at", "created_at"]
    assert "# 1.00 confident; name mail ~ mail (1.00)" in done.stdout
    assert "100% e-mail addresses; 100% of the values convert" in done.stdout
    assert "- created_at  # looks like when or by whom" in done.stdout


def test_a_draft_shows_no_value_of_a_person(shop):
    """Shapes only, in the text and in JSON."""
    plain = shop.midspan("suggest", "shop", "customers").stdout
    told = shop.midspan("suggest", "shop", "customers", "--json").stdout

    assert "Name 1" not in plain + told
    assert "@example.com" not in plain + told


def test_a_required_field_that_nothing_feeds_is_named(shop):
    """In the draft, on standard error and by the loader; the exit code says so, too."""
    file = shop.home / "mappings/drafted.yaml"

    done = shop.midspan("suggest", "shop", "customers", "--write", str(file))
    problems: list[Problem] = []
    load_mapping(file, entity_types()["customer"], problems)

    assert done.exit_code == 1
    assert "kind is required, and no column looks like it" in done.stderr
    assert "# kind is required (string, one of person, company)" in file.read_text()
    assert [one.code for one in problems] == ["mapping.missing_field"]


def test_a_written_draft_is_named_like_its_file_and_loads(shop):
    """Where every required field was found."""
    shop.run("ALTER TABLE customers ADD COLUMN kind TEXT")
    shop.run("UPDATE customers SET kind = CASE WHEN id % 3 THEN 'P' ELSE 'F' END")
    file = shop.home / "mappings/drafted.yaml"

    done = shop.midspan("suggest", "shop", "customers", "--write", str(file))
    problems: list[Problem] = []
    mapping = load_mapping(file, entity_types()["customer"], problems)

    assert (done.exit_code, problems) == (0, [])
    assert done.stdout == f"wrote {file}: 40 of 40 sampled rows are translated\n"
    assert mapping is not None
    assert mapping.name == "drafted"
    assert "# By this draft 40 of 40 rows are translated." in file.read_text()
    assert "$schema=../config/schemas/mapping.schema.json" in file.read_text().partition("\n")[0]


def test_a_mapped_stream_is_drafted_anew_from_all_its_columns(shop):
    """Also from those that its mapping does not read."""
    before = shop.midspan("suggest", "shop", "customers").stdout
    shop.map_customers()
    mapping = shop.home / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text().replace("  email: {path: mail, via: email}\n", ""))

    again = shop.midspan("suggest", "shop", "customers")

    assert again.stdout == before


def test_a_file_that_is_there_is_kept(shop):
    """A draft overwrites nothing."""
    file = shop.home / "mappings/mine.yaml"
    file.write_text("mine")

    done = shop.midspan("suggest", "shop", "customers", "--write", str(file))

    assert done.exit_code == 1
    assert "[suggest.file_exists]" in done.stderr
    assert file.read_text() == "mine"


def test_json_holds_the_same(shop):
    """Fields with confidence and evidence, what is missing, and the text."""
    told = json.loads(shop.midspan("suggest", "shop", "customers", "--json").stdout)
    fields = {one["field"]: one for one in told["fields"]}

    assert fields["email"]["columns"] == ["mail"]
    assert fields["email"]["confident"]
    assert fields["email"]["converts"] == 1.0
    assert told["missing"] == ["kind"]
    assert told["entities"]["customer"] == max(told["entities"].values())
    assert yaml.safe_load(told["yaml"])["entity"] == "customer/1"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("shop", "custmers"), 2, "Did you mean 'customers'?"),
        (("shop", "customers", "--entity", "custmer"), 2, "[suggest.unknown_entity]"),
        (("shopp", "customers"), 2, "[system.unknown]"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest(shop, words, code, said):
    """Configuration: exit code 2."""
    done = shop.midspan("suggest", *words)

    assert done.exit_code == code
    assert said in done.stderr


def test_what_looks_like_nothing_is_said_to(shop):
    """No entity is forced on a stream."""
    shop.run("CREATE TABLE log (at TEXT, level INTEGER, thread TEXT)")
    shop.run("INSERT INTO log VALUES ('2026-01-01 10:00:00', 3, 'main-7')")
    text = shop.system.read_text()
    shop.system.write_text(f"{text}\n  log:\n    table: log\n    primary_key: [at]\n")

    done = shop.midspan("suggest", "shop", "log")

    assert done.exit_code == 1
    assert "[suggest.no_entity]" in done.stderr
    assert "--entity" in done.stderr
