"""The demo's ERP is a real Tryton whose wire behaves as its README says."""

import http.client
import json
import os
import signal
import socket
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from examples.company import population
from examples.company.erp import changes, environment, provision, truth
from examples.company.erp.client import Client, Record
from examples.company.erp.server import ErpServer
from midspan.kernel.errors import MidspanError
from tests.fixtures_erp import PASSWORDS, RunningErp

EVERY = [["active", "in", [True, False]]]


def party(erp: RunningErp, number: int) -> truth.Party:
    (found,) = [row for row in truth.parties(erp.database_file) if row["id"] == number]
    return found


def tax_id(identifier: Record | None) -> str | None:
    if identifier is None:
        return None
    prefix = "GB" if identifier["type"] == "gb_vat" else ""
    return f"{prefix}{identifier['code_compact']}"


def test_seed_is_the_population(erp: RunningErp) -> None:
    """Every customer of the population is a party; the one more is the company itself."""
    parties = {row["code"]: row for row in truth.parties(erp.database_file)}

    assert len(parties) == population.CUSTOMER_COUNT + 1
    for customer in population.customers():
        row = parties[customer.number]
        assert row["name"] == customer.name
        assert row["email"] == customer.email
        assert row["phone"] == customer.phone
        assert row["tax_identifier"] == customer.tax_id
        assert row["active"] == customer.active
        assert (row["street"], row["postal_code"]) == (customer.street, customer.postal_code)
        assert (row["city"], row["country"]) == (customer.city, customer.country)


def test_products_and_sales_are_the_populations(erp: RunningErp) -> None:
    """Prices keep their digits, sales stand in four states and three currencies."""
    products = {row["code"]: row for row in truth.products(erp.database_file)}
    sales = truth.sales(erp.database_file)

    assert {code: row["list_price"] for code, row in products.items()} == {
        product.code: product.list_price for product in population.products()
    }
    assert len(sales) == population.SALE_COUNT
    assert {row["state"] for row in sales} == {"draft", "quotation", "confirmed", "cancelled"}
    assert {row["currency"] for row in sales} == {"EUR", "CHF", "GBP"}
    assert [row["lines"][0]["unit_price"] for row in sales] == [
        sale.lines[0].unit_price for sale in population.sales()
    ]


def test_seeded_rows_were_never_updated(erp: RunningErp) -> None:
    """`write_date` is null until the first update, and three rows share each instant."""
    parties = truth.parties(erp.database_file)

    assert {row["write_date"] for row in parties} == {None}
    assert len({row["create_date"] for row in parties}) == len(parties) // 3 + 1


def test_truth_is_what_tryton_says(erp: RunningErp) -> None:
    """The SQL reads what Tryton's own models answer over JSON-RPC."""
    parts = ["contact_mechanisms.type", "contact_mechanisms.value"]
    address = ["addresses.street", "addresses.country.code"]
    tax = ["tax_identifier.type", "tax_identifier.code_compact"]
    fields = ["code", "name", "active", "lang.code", *parts, *address, *tax]
    answers = erp.client().search("party.party", EVERY, fields)

    by_sql = truth.parties(erp.database_file)
    assert [row["id"] for row in answers] == [row["id"] for row in by_sql]
    for said, read in zip(answers, by_sql, strict=True):
        mechanisms = said["contact_mechanisms."]
        emails = [row["value"] for row in mechanisms if row["type"] == "email"]
        phones = [row["value"] for row in mechanisms if row["type"] in ("phone", "mobile")]
        assert (said["code"], said["name"]) == (read["code"], read["name"])
        assert bool(said["active"]) == read["active"]
        assert (said["lang."] or {}).get("code") == read["language"]
        assert tax_id(said["tax_identifier."]) == read["tax_identifier"]
        assert (emails or [None])[0] == read["email"]
        assert (phones or [None])[0] == read["phone"]
        assert said["addresses."][0]["street"] == read["street"]
        assert said["addresses."][0]["country."]["code"] == read["country"]


def test_price_needs_the_company_in_the_context(erp: RunningErp) -> None:
    """Without a company Tryton answers null, as the README warns."""
    client = erp.client()
    with_company = client.search("product.product", EVERY, ["list_price_used"])
    client.context = {}
    without = client.search("product.product", EVERY, ["list_price_used"])

    prices = [Decimal(row["list_price_used"]["decimal"]) for row in with_company]
    assert prices == [row["list_price"] for row in truth.products(erp.database_file)]
    assert {row["list_price_used"] for row in without} == {None}


def test_integration_user_may_only_read(erp: RunningErp) -> None:
    """A refusal comes inside an HTTP 200 and names its kind."""
    with pytest.raises(MidspanError) as caught:
        changes.rename_party(erp.client(), 2, "Nobody")

    assert caught.value.code == "demo.erp_refused"
    assert "UserError" in caught.value.message


def test_wrong_password_is_http_401(erp: RunningErp) -> None:
    """A login that fails is the one error that has a status of its own."""
    with pytest.raises(MidspanError, match="HTTP 401"):
        Client(erp.url, erp.database, erp.user, "wrong")


def test_every_reply_tells_the_servers_time(erp: RunningErp) -> None:
    """The HTTP header Date is there for whoever needs the source's own clock."""
    connection = http.client.HTTPConnection(erp.url.removeprefix("http://"), timeout=10)
    body = json.dumps({"id": 1, "method": "common.server.version", "params": []})
    connection.request("POST", "/rpc/", body, {"Content-Type": "application/json"})
    response = connection.getresponse()

    assert json.loads(response.read())["result"] == "8.2"
    assert response.getheader("Date")
    connection.close()


def test_clerk_changes_leave_the_dates_tryton_leaves(own_erp: RunningErp) -> None:
    """A part edited alone leaves its party's `write_date` null: the trap is real."""
    clerk = own_erp.clerk()
    before = party(own_erp, 2)
    changes.change_phone(clerk, 2, "+43 1 5550199")
    changes.move_party(clerk, 2, "Neugasse 7", "1070", "Wien", "AT")

    moved = party(own_erp, 2)
    assert (moved["phone"], moved["city"]) == ("+43 1 5550199", "Wien")
    assert moved["phone"] != before["phone"]
    assert moved["write_date"] is None

    changes.rename_party(clerk, 2, "Käthe Neu")
    changes.deactivate_party(clerk, 3)

    renamed = party(own_erp, 2)
    assert renamed["name"] == "Käthe Neu"
    assert renamed["write_date"] is not None
    assert not party(own_erp, 3)["active"]


def test_clerk_creates_and_deletes(own_erp: RunningErp) -> None:
    """A new party has its parts at once; a deleted one is gone without a trace."""
    clerk = own_erp.clerk()
    count = len(truth.parties(own_erp.database_file))
    victim = changes.party_without_sales(clerk)
    email = "zoe.novak@example.org"
    place = {"street": "Hlavní 1", "postal_code": "110 00", "city": "Praha", "country": "CZ"}
    made = changes.create_party(clerk, "Zoë Nováková", email=email, phone="+420601000001", **place)
    changes.delete_party(clerk, victim)

    row = party(own_erp, made)
    assert (row["email"], row["phone"], row["country"]) == (email, "+420601000001", "CZ")
    assert row["code"] == "C20001"
    assert changes.parties_with(clerk, "email", email) == [made]
    ids = {row["id"] for row in truth.parties(own_erp.database_file)}
    assert victim not in ids
    assert len(ids) == count

    buyer = clerk.search("sale.sale", [], ["party"])[0]["party"]
    with pytest.raises(MidspanError, match="UserError"):
        changes.delete_party(clerk, buyer)


def test_starts_again_after_a_kill(tmp_path: Path) -> None:
    """A killed server, and one that a killed driver left running, stand in nobody's way."""
    provision.fresh_copy(tmp_path, PASSWORDS)
    killed = ErpServer(tmp_path)
    killed.start()
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.start()
    orphan = killed.pid
    assert orphan is not None

    with ErpServer(tmp_path) as successor:
        Client(successor.url, successor.database, "midspan", PASSWORDS["midspan"])
        killed.stop()
        assert successor.pid != orphan
        assert not Path(f"/proc/{orphan}").exists()


def test_stops_what_another_process_started(tmp_path: Path) -> None:
    """Whoever knows the folder can stop its server: the pid file says which process it is."""
    provision.fresh_copy(tmp_path, PASSWORDS)
    server = ErpServer(tmp_path)
    server.start()
    ErpServer(tmp_path).stop()

    with pytest.raises(ConnectionRefusedError):
        Client(server.url, server.database, "midspan", PASSWORDS["midspan"])
    server.stop()


def test_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    """Whoever asks for a port that another process has is told which and how to find it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = ErpServer(tmp_path, port=port)
        with pytest.raises(MidspanError, match=str(port)) as caught:
            server.start()

    assert caught.value.code == "demo.port_taken"
    assert server.pid is None


def test_login_ends_with_the_sessions_age(tmp_path: Path) -> None:
    """A login older than the configured age is answered with 401, as after a logout."""
    provision.fresh_copy(tmp_path, PASSWORDS)
    with ErpServer(tmp_path, session_max_age=0) as server, pytest.raises(MidspanError) as caught:
        Client(server.url, server.database, "midspan", PASSWORDS["midspan"])

    assert caught.value.code == "demo.erp_http"
    assert "get_preferences" in caught.value.message


def test_half_built_environment_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its stamp an environment is rubbish, whatever it holds; a broken pin says so."""
    pins = tmp_path / "requirements.txt"
    pins.write_text("")
    monkeypatch.setattr(environment, "VAR", tmp_path / "var")
    monkeypatch.setattr(environment, "REQUIREMENTS", pins)
    rubbish = tmp_path / "var" / "erp" / "venv" / "lib" / "rubbish"
    rubbish.mkdir(parents=True)

    assert environment.python().exists()
    assert not rubbish.exists()

    pins.write_text("not a requirement ==")
    with pytest.raises(MidspanError) as caught:
        environment.python()
    assert caught.value.code == "demo.erp_install"


def test_failed_template_build_leaves_no_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that fails puts nothing under the template's name."""
    monkeypatch.setattr(provision, "VAR", tmp_path)
    monkeypatch.setattr(provision, "DATABASE", "no/such")
    with pytest.raises(MidspanError) as caught:
        provision.template()

    assert caught.value.code == "demo.erp_script"
    assert list((tmp_path / "cache").iterdir()) == []


def test_copies_are_apart(erp: RunningErp, tmp_path: Path) -> None:
    """A copy is a plain file of its own with its own passwords; the template keeps none."""
    copy = provision.fresh_copy(tmp_path, PASSWORDS)
    query = "SELECT login, password_hash FROM res_user WHERE password_hash IS NOT NULL"

    hashes = dict(sqlite3.connect(copy).execute(query).fetchall())
    assert hashes.keys() == PASSWORDS.keys()
    assert not sqlite3.connect(provision.template()).execute(query).fetchall()
    assert hashes != dict(sqlite3.connect(erp.database_file).execute(query).fetchall())
