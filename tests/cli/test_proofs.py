"""Mappings are linted and tested from the command line, and rows are captured masked."""

import json

import pytest

EXAMPLES = """
ignore: [created_at]
examples:
  - {in: {name: Gruber, mail: A@B.example, active: J}, out: {name: Gruber, active: true}}
"""
GOLDEN = "mappings/golden/customers.jsonl"


@pytest.fixture
def mapped(shop):
    """Make a project whose customers are mapped, with an example."""
    shop.map_customers()
    shop.mapping = shop.home / "mappings/customers.yaml"
    shop.mapping.write_text(shop.mapping.read_text() + EXAMPLES)
    return shop


def change(shop, old, new):
    shop.mapping.write_text(shop.mapping.read_text().replace(old, new))


def codes(done):
    assert done.stdout, done.stderr
    return {one["code"]: one for one in json.loads(done.stdout)["findings"]}


def test_lint_compares_a_mapping_with_what_was_discovered(mapped):
    """A column that is gone is an error, one that nobody maps a warning; each has its place."""
    change(mapped, "email: {path: mail", "email: {path: mial")
    change(mapped, "mail: A@B.example", "mial: A@B.example")
    mapped.midspan("discover", "shop", "customers")

    done = mapped.midspan("lint", "--json")

    found = codes(done)
    assert done.exit_code == 1
    gone = found["lint.column_gone"]
    assert (gone["severity"], gone["line"], gone["column"]) == ("error", 8, 17)
    assert "'mail'" in gone["remedy"]
    assert found["lint.unmapped"]["message"].endswith(": mail")


def test_warnings_fail_only_when_lint_is_strict(mapped):
    """And notices never do."""
    change(mapped, "  email: {path: mail, via: email}\n", "")
    change(mapped, "mail: A@B.example, ", "")
    mapped.midspan("discover", "shop", "customers")

    done = [mapped.midspan("lint", *words) for words in ((), ("--strict",))]

    assert [one.exit_code for one in done] == [0, 1]
    assert "customers.yaml:5:1: warning [lint.unmapped] neither mapped nor ignored: mail" in (
        done[0].stdout
    )
    assert "1 warnings" in done[0].stdout


def test_lint_samples_rows_only_where_it_is_asked(mapped):
    """Without a sample nobody is called; with one, refusals are counted."""
    mapped.run("UPDATE customers SET mail = 'none' WHERE id = 3")

    silent, sampled = mapped.midspan("lint", "--json"), mapped.midspan("lint", "--sample", "40")

    assert "lint.no_catalog" in codes(silent)
    assert "1 of 40 sampled rows are refused: email [mapping.email.invalid]" in sampled.stdout
    assert sampled.exit_code == 0


def test_a_sample_shows_columns_that_nothing_reads(mapped):
    """A column that is neither mapped nor ignored is told without a catalog, too."""
    mapped.run("ALTER TABLE customers ADD COLUMN fax TEXT")

    done = mapped.midspan("lint", "--sample", "5")

    assert "warning [lint.unmapped] neither mapped nor ignored: fax" in done.stdout


def test_a_file_that_no_sync_uses_is_proven_too(mapped):
    """Its problems are told with their places."""
    (mapped.home / "mappings/draft.yaml").write_text("mapping: draft\nentity: cusotmer/1\n")

    done = mapped.midspan("lint")

    assert done.exit_code == 2
    assert "draft.yaml:2:9: [mapping.entity]" in done.stderr
    assert "'customer'" in done.stderr


@pytest.mark.parametrize("name", ["customers", "customers.yaml", "mappings/customers.yaml"])
def test_a_mapping_is_chosen_by_its_name_or_file(mapped, name):
    """All of them by default; a misspelt one is told with the nearest."""
    assert mapped.midspan("test", name).stdout == "customers: 1 examples, no golden file\n"

    wrong = mapped.midspan("lint", "custmers")

    assert wrong.exit_code == 2
    assert "[mapping.unknown]" in wrong.stderr
    assert "'customers'" in wrong.stderr


def test_a_failed_example_is_shown_field_by_field(mapped):
    """At its place; and a mapping without examples is warned of."""
    change(mapped, "out: {name: Gruber, active: true}", "out: {name: Huber, active: true}")

    failed = mapped.midspan("test")
    mapped.map_customers()
    bare = mapped.midspan("test")

    assert failed.exit_code == 1
    lines = failed.stdout.splitlines()
    assert "customers.yaml:13:5: [mapping.example_failed] 1 field came out otherwise" in lines[0]
    assert lines[2].split() == ["name", "'Huber'", "'Gruber'"]
    assert bare.exit_code == 0
    assert "warning [mapping.no_examples]" in bare.stdout


def test_rows_are_captured_masked_and_tested_from_then_on(mapped):
    """No value of the source stands in the file; a changed rule fails at its lines."""
    mapped.run("UPDATE customers SET mail = 'Weissenbacher at home' WHERE id = 3")
    mapped.run("UPDATE customers SET name = 'Käthe Weissenbacher', active = 'N' WHERE id = 4")

    made = mapped.midspan("test", "--capture", "shop.customers", "--json")
    before = mapped.midspan("test")
    change(mapped, "{path: active, via: boolean}", "{path: active, via: {boolean: {yes: [N, J]}}}")
    after = mapped.midspan("test", "--json")

    assert json.loads(made.stdout)["rows"] == 3
    text = (mapped.home / GOLDEN).read_text()
    assert [word for word in ("Name ", "Weissenbacher", "Käthe", "m1@") if word in text] == []
    assert "mapping.email.invalid" in text
    assert before.stdout == "customers: 1 examples, 3 golden rows\n"
    (tested,) = json.loads(after.stdout)["mappings"]
    (failure,) = tested["failures"]
    assert (failure["code"], failure["file"][-len(GOLDEN) :]) == ("mapping.golden_failed", GOLDEN)
    assert failure["differences"] == [{"field": "active", "expected": False, "found": True}]
    assert after.exit_code == 1


def test_a_golden_file_is_overwritten_on_purpose_only(mapped):
    """The second capture is refused before the system is called, and forced."""
    first, second, forced = (
        mapped.midspan("test", "--capture", "shop.customers", *words)
        for words in ((), (), ("--force",))
    )

    assert first.stdout.startswith("wrote ")
    assert second.exit_code == 2
    assert "[mapping.golden_exists]" in second.stderr
    assert "--force" in second.stderr
    assert forced.exit_code == 0


def test_the_key_of_the_masks_is_its_owners_alone(mapped):
    """It stays in the state folder, and is made once."""
    mapped.midspan("test", "--capture", "shop.customers")
    key = mapped.home / "var/mask.key"
    made = key.read_bytes()
    mapped.midspan("test", "--capture", "shop.customers", "--force")

    assert (key.stat().st_mode & 0o777, len(made)) == (0o600, 32)
    assert key.read_bytes() == made


def test_without_a_sync_the_file_to_write_is_named(shop):
    """A stream that no sync maps has nothing to capture yet."""
    done = shop.midspan("test", "--capture", "shop.customers")

    assert done.exit_code == 2
    assert "[sync.unknown]" in done.stderr
    assert "Write config/syncs/shop.customers.yaml" in done.stderr


def test_an_empty_stream_gives_no_golden_file(mapped):
    """Nothing is written, and the exit code says so."""
    mapped.run("DELETE FROM customers")

    done = mapped.midspan("test", "--capture", "shop.customers")

    assert done.exit_code == 1
    assert "[mapping.nothing_captured]" in done.stderr
    assert not (mapped.home / GOLDEN).exists()
