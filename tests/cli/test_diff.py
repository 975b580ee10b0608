"""What a changed mapping changes is shown before it is made."""

import json
import subprocess

import pytest


@pytest.fixture
def mapped(shop):
    """Map the shop's customers; the new mapping stands beside it under another name."""
    shop.map_customers()
    return shop


def changed(shop, old, new):
    """Write the mapping with one change to a file of another name, outside the project."""
    text = (shop.home / "mappings/customers.yaml").read_text()
    assert old in text
    file = shop.home.parent / "customers_new.yaml"
    file.write_text(text.replace(old, new))
    return str(file)


def compare(shop, new, *words):
    done = shop.midspan("diff", "customers", new, "--json", *words)
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)


def test_the_same_meaning_makes_no_difference(mapped):
    """A comment changes nothing: exit code 0."""
    code, shown = compare(mapped, changed(mapped, "fields:", "# a comment\nfields:"))

    assert code == 0
    assert (shown["rows"], shown["same"], shown["fields"], shown["ends"]) == (40, 40, [], [])
    assert shown["old"]["version"] == shown["new"]["version"]


def test_each_field_says_how_many_rows_change(mapped):
    """With a few of the values, before and after."""
    new = changed(mapped, "active: {path: active, via: boolean}", "active: {const: false}")

    code, shown = compare(mapped, new)

    (field,) = shown["fields"]
    assert code == 1
    assert (field["field"], field["rows"]) == ("active", 40)
    assert field["examples"] == [{"before": True, "after": False}]


def test_rows_that_end_otherwise_are_counted(mapped):
    """Newly refused ones by code and field, newly left out ones, and those that are mended."""
    mapped.run("UPDATE customers SET mail = 'nope' WHERE id = 2")
    mapped.run("UPDATE customers SET active = '?' WHERE id = 3")
    new = changed(
        mapped,
        "active: {path: active, via: boolean}",
        "active: {path: active, via: {boolean: {yes: [N]}}}\n"
        "filter: [{when: {path: id, equals: 4}, reason: test}]",
    )

    code, shown = compare(mapped, new)
    back = mapped.midspan("diff", new, "customers", "--json").stdout

    assert code == 1
    assert [(one["before"], one["after"], one["code"], one["rows"]) for one in shown["ends"]] == [
        ("translated", "refused", "mapping.boolean.invalid", 37),
        ("translated", "filtered", None, 1),
    ]
    assert [one["after"] for one in json.loads(back)["ends"]] == ["translated", "translated"]
    assert shown["same"] == 2


def test_personal_values_are_hidden(mapped):
    """Unless they are asked for; how many rows change is told all the same."""
    new = changed(mapped, "name: name", "name: {path: name, via: upper}")

    (hidden,) = compare(mapped, new)[1]["fields"]
    (open_,) = compare(mapped, new, "--show-personal")[1]["fields"]

    assert (hidden["rows"], hidden["examples"]) == (40, [{"before": "•••", "after": "•••"}])
    assert {"before": "Name 1", "after": "NAME 1"} in open_["examples"]


def test_a_column_that_only_the_new_mapping_reads_is_read(mapped):
    """Rows come with every field there is."""
    new = changed(mapped, "mapping:", "mapping:")
    file = mapped.home / "mappings/customers.yaml"
    file.write_text(file.read_text().replace("  email: {path: mail, via: email}\n", ""))

    (field,) = compare(mapped, new)[1]["fields"]

    assert (field["field"], field["rows"]) == ("email", 40)


def test_a_column_that_no_row_has_is_named(mapped):
    """A misspelt one would only look empty."""
    new = changed(mapped, "email: {path: mail", "email: {path: e_mail")

    shown = compare(mapped, new)[1]

    assert shown["unknown_columns"] == ["e_mail"]
    assert [one["field"] for one in shown["fields"]] == ["email"]


def test_offline_nobody_is_called(mapped):
    """The examples of the file and the golden file are rows enough."""
    with (mapped.home / "mappings/customers.yaml").open("a") as file:
        file.write("examples: [{in: {name: A, active: J}, out: {name: A, active: true}}]\n")
    new = changed(mapped, "via: boolean", "via: {boolean: {no: [J]}}")
    mapped.database.unlink()

    code, shown = compare(mapped, new, "--offline")

    assert (code, shown["source"], shown["rows"]) == (1, "files", 1)
    assert mapped.midspan("diff", "customers", new).stdout == ""


def test_a_mapping_is_compared_with_what_it_was(mapped):
    """By a revision of git, with the lookup tables of that time."""
    file = mapped.home / "mappings/customers.yaml"
    (mapped.home / "mappings/lookups").mkdir(exist_ok=True)
    table = mapped.home / "mappings/lookups/yes.csv"
    table.write_text("source,canonical\nJ,true\n")
    file.write_text(file.read_text().replace("via: boolean", "lookup: yes.csv"))
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        author = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", *author, *words], cwd=mapped.home, check=True)  # noqa: S607
    table.write_text("source,canonical\nJ,false\n")

    done = mapped.midspan("diff", "customers@HEAD", "customers", "--json")
    unknown = mapped.midspan("diff", "customers@no-such", "customers")

    assert [one["field"] for one in json.loads(done.stdout)["fields"]] == ["active"]
    assert unknown.exit_code == 2
    assert "mapping.revision" in unknown.stderr


def test_what_is_wrong_in_a_file_is_told_at_its_place(mapped):
    """In the file that was named, with line and column."""
    new = changed(mapped, "name: name", "name: {path: name, via: uper}")

    done = mapped.midspan("diff", "customers", new)

    assert done.exit_code == 2
    assert f"{new}:" in done.stderr
    assert "'upper'" in done.stderr


def test_the_table_names_fields_and_ends(mapped):
    """What a person reads."""
    new = changed(mapped, "active: {path: active, via: boolean}", "active: {const: false}")

    shown = mapped.midspan("diff", "customers", new).stdout

    assert "on 40 rows of shop.customers: 0 the same" in shown
    assert ["active", "40", "true", "false"] in [line.split() for line in shown.splitlines()]
