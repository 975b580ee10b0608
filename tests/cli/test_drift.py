"""Drift at the command line: what changed, what it reaches, and what it stops."""

import json


def test_nothing_changed(shop):
    """Exit code 0, and so it says."""
    shop.map_customers()

    done = shop.midspan("drift")

    assert (done.exit_code, done.stdout) == (0, "no drift\n")


def test_an_added_column_is_found_in_the_source(shop):
    """By looking anew; it stops nothing."""
    shop.map_customers()
    mapping = shop.home / "mappings/customers.yaml"
    mapping.write_text(mapping.read_text() + "ignore: [created_at]\n")
    shop.run("ALTER TABLE customers ADD COLUMN loyalty TEXT")

    done = shop.midspan("drift", "shop.customers", "--refresh", "--json")

    (found,) = json.loads(done.stdout)
    assert (done.exit_code, found["source_field"], found["kind"]) == (0, "loyalty", "added")


def test_a_vanished_column_names_what_it_reaches(shop):
    """Found by the run that it stopped, or by looking anew."""
    shop.map_customers()
    shop.midspan("sync", "shop.customers")
    shop.run("ALTER TABLE customers RENAME COLUMN mail TO e_mail")

    stopped = shop.midspan("sync", "shop.customers")
    done = shop.midspan("drift", "--json")
    looked = shop.midspan("drift", "--refresh")

    (found,) = [one for one in json.loads(done.stdout) if one["stops"]]
    assert "customer.email" in stopped.stderr
    assert (found["source_field"], found["reach"]["fields"]) == ("mail", ["customer.email"])
    assert (done.exit_code, looked.exit_code) == (1, 1)
    assert "customer.updated.v1" in looked.stdout


def test_the_sync_to_accept_is_named(shop):
    """Not all at once."""
    assert shop.midspan("drift", "--accept").exit_code == 2
