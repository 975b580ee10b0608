"""A check says of each stream what can be done, what cannot, and what to ask for."""

import json

WRITE = "    write: {operations: [create, update], reference: name}\n"


def checked(done):
    return {one["stream"]: one for one in json.loads(done.stdout)}


def test_streams_that_can_be_read_are_told_in_a_line_each(shop):
    """Exit code 0."""
    done = shop.midspan("check")

    assert done.exit_code == 0
    assert "│ shop   │ customers │ yes  │ not asked │" in done.stdout


def test_a_stream_that_cannot_be_used_names_the_reason_and_the_others_go_on(shop):
    """Exit code 1: somebody has to look."""
    shop.system.write_text(shop.system.read_text() + "  gone: {primary_key: id, table: gone}\n")

    done = shop.midspan("check", "shop", "--json")
    told = shop.midspan("check", "shop").stdout
    found = checked(done)

    assert done.exit_code == 1
    assert found["customers"]["ok"]
    assert found["gone"]["problem"].startswith("[sql.no_table]")
    assert "shop gone\n  [sql.no_table]" in told


def test_a_deep_check_proves_writing_as_well(shop):
    """Without it nobody asks; no record is changed by it."""
    shop.system.write_text(shop.system.read_text() + WRITE)

    shallow = checked(shop.midspan("check", "--json"))
    deep = checked(shop.midspan("check", "--deep", "--json"))

    assert shallow["customers"]["writable"] is None
    assert deep["customers"]["writable"] is True
    assert any("no index" in remark for remark in deep["customers"]["remarks"])


def test_what_may_be_read_and_not_written_is_a_finding(shop):
    """A view without a trigger: the file promises what the database refuses."""
    shop.system.write_text(shop.system.read_text() + WRITE)
    shop.run("ALTER TABLE customers RENAME TO people")
    shop.run("CREATE VIEW customers AS SELECT * FROM people")

    done = shop.midspan("check", "--deep", "--json")
    found = checked(done)["customers"]
    told = shop.midspan("check", "--deep").stdout

    assert done.exit_code == 1
    assert (found["readable"], found["writable"], found["ok"]) == (True, False, False)
    assert found["problem"].split("]")[0] in told


def test_a_system_without_streams_says_that_it_lets_us_in(shop):
    """The first thing to see after the connection."""
    shop.system.write_text(shop.system.read_text().partition("streams:")[0] + "streams: {}\n")

    done = shop.midspan("check")

    assert done.exit_code == 0
    assert done.stdout == "shop: lets us in; its file names no stream yet\n"


def test_an_unknown_system_is_a_mistake_of_configuration(shop):
    """Nobody is called; exit code 2."""
    done = shop.midspan("check", "shop", "shopp")

    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Did you mean 'shop'?" in done.stderr
