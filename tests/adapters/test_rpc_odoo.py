"""Odoo's documented external API by configuration alone, by each of its ways in.

The YAML is that of docs/it/connect-rpc.md; the server is tests/adapters/odoo_site.py.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from midspan.kernel.errors import AccessDenied, DriftError, MidspanError, RecordError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import Capability, WriteOperation
from tests.adapters.building import build, project, records
from tests.adapters.http_site import PASSWORD, Site
from tests.adapters.odoo_models import SHOWN, Odoo
from tests.adapters.odoo_site import PERSON, connection, odoo_site
from tests.adapters.rpc_page import example

NOW = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001 Odoo's stamps are naive
WAYS = ("xmlrpc", "jsonrpc", "json2")


def yaml_of(way: str) -> str:
    """Return a system's YAML as the page shows it."""
    whole = example("config/systems/odoo.yaml")
    return whole if way == "xmlrpc" else example(f"odoo-{way}") + whole[whole.index("streams:") :]


@pytest.fixture
def odoo() -> Odoo:
    """Return a small company: three customers, one of them archived, and two orders."""
    odoo = Odoo(clock=lambda: NOW)
    austria = odoo.insert("res.country", {"name": "Austria", "code": "AT"})
    anna = odoo.insert("res.partner", {"name": "Anna", "ref": "C1", "country_id": austria})
    odoo.insert("res.partner", {"name": "Bert", "active": False, "email": "b@example.com"})
    odoo.insert("res.partner", {"name": "Cleo & Söhne", "is_company": True, "credit_limit": 19.9})
    mill = odoo.insert("product.product", {"name": "Mill", "default_code": "M", "list_price": 9.99})
    tea = odoo.insert("product.product", {"name": "Tea", "default_code": "T", "active": False})
    for number in (1, 2):
        order = odoo.insert(
            "sale.order", {"name": f"S{number}", "partner_id": anna, "date_order": NOW}
        )
        for product, quantity in ((tea, 2.5), (mill, number)):
            line = {"order_id": order, "product_id": product, "product_uom_qty": quantity}
            odoo.insert("sale.order.line", {**line, "price_unit": 9.99})
    return odoo


@pytest.fixture
def site(odoo: Odoo) -> Iterator[Site]:
    with odoo_site(odoo) as site:
        yield site


def opened(way: str, site: Site, home: Path, limit: int | None = None, **more: str) -> RpcAdapter:
    text = more.pop("text", None) or yaml_of(way)
    return build(
        RpcAdapter, project(home, "odoo", text), "odoo", connection(site, **more), limit=limit
    )


def rows(adapter: RpcAdapter, stream: str, part: Slice | None = None) -> list[dict[str, Any]]:
    return records(list(adapter.read(stream, part or Slice())))


@pytest.mark.parametrize("way", WAYS)
def test_customers_arrive_as_they_are_meant(site: Site, tmp_path: Path, way: str) -> None:
    """Archived ones too; false is null where it stands for nothing, and false where it is one."""
    with closing(opened(way, site, tmp_path)) as adapter:
        anna, bert, cleo = rows(adapter, "customers")

    assert (anna["name"], anna["email"]) == ("Anna", None)
    assert (anna["active"], anna["is_company"]) == (True, False)
    assert anna["country_id"]["code"] == "AT"
    assert (bert["active"], bert["country_id"], bert["email"]) == (False, None, "b@example.com")
    assert (cleo["name"], cleo["is_company"]) == ("Cleo & Söhne", True)


@pytest.mark.parametrize("way", WAYS)
def test_sales_come_with_their_lines(site: Site, tmp_path: Path, way: str) -> None:
    """Lines in their order, each with its product, archived ones too; one call a relation."""
    with closing(opened(way, site, tmp_path)) as adapter:
        sales = rows(adapter, "sales")

    assert [(sale["name"], sale["partner_id"]) for sale in sales] == [
        ("S1", {"id": 1, "name": "Anna"}),
        ("S2", {"id": 1, "name": "Anna"}),
    ]
    assert [
        (line["product_id"]["default_code"], line["product_uom_qty"], line["price_unit"])
        for line in sales[1]["order_line"]
    ] == [("T", Decimal("2.5"), Decimal("9.99")), ("M", 2, Decimal("9.99"))]
    assert sum(b"sale.order.line" in asked.path.encode() + asked.body for asked in site.asked) == (
        1 + (way != "jsonrpc")
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_change_is_read_alone(odoo: Odoo, site: Site, tmp_path: Path, way: str) -> None:
    """Since its own second, in Odoo's own form; a line that was edited names its order."""
    odoo.clock = lambda: NOW + timedelta(hours=1)
    odoo.do_write("sale.order.line", [3], {"product_uom_qty": 7})
    odoo.do_write("res.partner", [2], {"phone": "+43 1"})
    lower = Slice(lower=(NOW + timedelta(hours=1)).strftime(SHOWN))

    with closing(opened(way, site, tmp_path)) as adapter:
        assert [row["id"] for row in rows(adapter, "customers", lower)] == [2]
        assert [row["order_id"] for row in rows(adapter, "sales.lines", lower)] == [2]
        assert rows(adapter, "sales", lower) == []


@pytest.mark.parametrize("way", WAYS)
def test_pages_follow_the_key(odoo: Odoo, site: Site, tmp_path: Path, way: str) -> None:
    """Small pages bring the same rows and keys; related ids beyond a page are asked for too."""
    for number in range(20):
        line = {"order_id": 2, "product_id": 1, "product_uom_qty": number}
        odoo.insert("sale.order.line", line)

    with closing(opened(way, site, tmp_path, limit=2)) as adapter:
        sales, keys = rows(adapter, "sales"), list(adapter.keys("customers"))

    assert [len(sale["order_line"]) for sale in sales] == [2, 22]
    assert [key for page in keys for key in page] == [(1,), (2,), (3,)]


def test_a_server_that_caps_its_pages_loses_no_line(odoo: Odoo, site: Site, tmp_path: Path) -> None:
    """Related records that did not come are asked for again."""
    odoo.cap = 1

    with closing(opened("xmlrpc", site, tmp_path)) as adapter:
        sales = rows(adapter, "sales")

    assert [len(sale["order_line"]) for sale in sales] == [2, 2]


def test_a_line_that_may_not_be_seen_costs_its_order(
    odoo: Odoo, site: Site, tmp_path: Path
) -> None:
    """An order is never delivered with a line missing; the others arrive."""
    odoo.hidden.add(("sale.order.line", 1))

    with closing(opened("xmlrpc", site, tmp_path)) as adapter:
        (batch,) = adapter.read("sales", Slice())

    assert [row["name"] for row in records([batch])] == ["S2"]
    assert [reject.code for reject in batch.rejects] == ["rpc.related_missing"]
    assert b"S1" in batch.rejects[0].raw


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda odoo: odoo.denied.add(("sale.order", "read")), "rpc.denied"),
        (lambda odoo: odoo.denied.add(("sale.order.line", "read")), "rpc.denied"),
    ],
    ids=["the stream", "its lines"],
)
def test_a_missing_right_is_named(
    odoo: Odoo, site: Site, tmp_path: Path, way: str, change: Any, code: str
) -> None:
    """By its model; nothing of the traceback is repeated."""
    change(odoo)

    with closing(opened(way, site, tmp_path)) as adapter, pytest.raises(AccessDenied) as caught:
        rows(adapter, "sales")

    assert caught.value.code == code
    assert "sale.order" in caught.value.message
    assert PERSON not in str(caught.value)


@pytest.mark.parametrize("way", ["xmlrpc", "json2"])
def test_deep_check_names_the_missing_grant(
    odoo: Odoo, site: Site, tmp_path: Path, way: str
) -> None:
    """In Odoo's own words; what may be read stays readable."""
    with closing(opened(way, site, tmp_path)) as adapter:
        whole = adapter.check(deep=True)
        odoo.denied.add(("sale.order", "create"))
        (check, *_) = adapter.check(["sales"], deep=True).streams

    assert whole.ok
    assert [(each.problem, each.remarks) for each in whole.streams] == [("", ())] * 4
    assert (check.readable, check.writable) == (True, False)
    assert check.grant == "create on sale.order"


@pytest.mark.parametrize("way", ["xmlrpc", "json2"])
def test_a_create_is_found_by_its_reference(
    odoo: Odoo, site: Site, tmp_path: Path, way: str
) -> None:
    """Values travel in Odoo's own form; the record is looked up, and changed by its key."""
    values = {
        "partner_id": 1,
        "date_order": NOW,
        "amount_total": Decimal("19.90"),
        "order_line": [[0, 0, {"product_id": 1, "price_unit": Decimal("9.95")}]],
    }
    with closing(opened(way, site, tmp_path)) as adapter:
        result = adapter.write("sales", WriteOperation("create", values), "APP-1")
        found = adapter.lookup("sales", "APP-1")
        change = WriteOperation("update", {"state": "sale"}, result.key)
        adapter.write("sales", change, "APP-1")

    row = odoo.tables["sale.order"][3]
    assert (result.key, row["client_order_ref"], row["date_order"]) == ((3,), "APP-1", NOW)
    assert (row["state"], row["amount_total"]) == ("sale", 19.9)
    assert found is not None
    assert found["order_line"][0]["price_unit"] == Decimal("9.95")


@pytest.mark.parametrize("way", ["xmlrpc", "json2"])
@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (WriteOperation("create", {"state": "sale"}), "adapter.write_refused"),
        (WriteOperation("update", {"state": "sale"}, (99,)), "adapter.no_record"),
        (WriteOperation("update", {"state": "sale"}), "adapter.no_key"),
    ],
    ids=["values", "gone", "no key"],
)
def test_a_refused_write_is_the_record_s_fault(
    site: Site, tmp_path: Path, way: str, operation: WriteOperation, code: str
) -> None:
    """It is told apart from a system that cannot be used."""
    with closing(opened(way, site, tmp_path)) as adapter, pytest.raises(RecordError) as caught:
        adapter.write("sales", operation, "APP-1")

    assert caught.value.code == code


def test_a_text_that_xml_cannot_carry_is_not_sent(odoo: Odoo, site: Site, tmp_path: Path) -> None:
    """It is refused before the call, not cut."""
    operation = WriteOperation("update", {"state": "a\x00b"}, (1,))

    with closing(opened("xmlrpc", site, tmp_path)) as adapter, pytest.raises(RecordError) as caught:
        adapter.write("sales", operation, "APP-1")

    assert caught.value.code == "rpc.unsendable"
    assert "state" not in odoo.tables["sale.order"][1]


@pytest.mark.parametrize("way", ["xmlrpc", "json2"])
def test_discover_describes_models(odoo: Odoo, site: Site, tmp_path: Path, way: str) -> None:
    """Fields, types, labels, references, rows; the stamp is the cursor; nothing of a record."""
    with closing(opened(way, site, tmp_path)) as adapter:
        catalog = adapter.discover()

    orders = next(stream for stream in catalog.streams if stream.name == "sale.order")
    fields = {field.name: field for field in orders.fields}
    assert (orders.primary_key, orders.rows, orders.configured) == (("id",), 2, ("sales",))
    assert (fields["amount_total"].type, fields["order_line"].type) == ("decimal", "list")
    assert (fields["partner_id"].refers_to, fields["partner_id"].label) == (
        "res.partner",
        "Customer",
    )
    assert not fields["partner_id"].nullable
    assert "write_date" in orders.cursors[0].fields
    assert ("res.country" in {stream.name for stream in catalog.streams}) == (way == "xmlrpc")
    assert "Anna" not in repr(catalog)


def test_models_that_may_not_be_listed_are_a_remark(odoo: Odoo, site: Site, tmp_path: Path) -> None:
    """Then the configured ones are described."""
    odoo.denied.add(("ir.model", "read"))

    with closing(opened("xmlrpc", site, tmp_path)) as adapter:
        catalog = adapter.discover()

    assert "sale.order" in {stream.name for stream in catalog.streams}
    assert "rpc.denied" in catalog.remarks[0]


@pytest.mark.parametrize(
    ("way", "password", "database", "code", "word"),
    [
        ("xmlrpc", "wrong", "mycompany", "rpc.login", "connection 'odoo'"),
        ("jsonrpc", "wrong", "mycompany", "rpc.login", "connection 'odoo'"),
        ("json2", "wrong", "mycompany", "rpc.login", "connection 'odoo'"),
        ("xmlrpc", PASSWORD, "nonesuch", "rpc.denied", "schema"),
        ("jsonrpc", PASSWORD, "nonesuch", "rpc.denied", "schema"),
    ],
)
def test_nobody_gets_in_with_a_wrong_key(
    site: Site, tmp_path: Path, way: str, password: str, database: str, code: str, word: str
) -> None:
    """The connection is named, and what of it is wrong; no secret and no traceback is."""
    adapter = opened(way, site, tmp_path, password=password, database=database)

    with closing(adapter), pytest.raises(AccessDenied) as caught:
        adapter.check()

    assert caught.value.code == code
    assert word in caught.value.remedy
    assert PERSON not in str(caught.value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("fields: [default_code,", "fields: [default_cod,", "default_cod"),
        ("model: product.product\n", "model: product.prod\n", "product.prod"),
    ],
    ids=["field", "model"],
)
def test_an_unknown_name_is_shown(
    site: Site, tmp_path: Path, way: str, old: str, new: str, name: str
) -> None:
    """Whoever misspelt it reads it."""
    adapter = opened(way, site, tmp_path, text=yaml_of(way).replace(old, new))

    with closing(adapter), pytest.raises(MidspanError) as caught:
        rows(adapter, "products")

    assert isinstance(caught.value, DriftError)
    assert f"'{name}'" in caught.value.message


def test_false_needs_to_know_the_booleans(site: Site, tmp_path: Path) -> None:
    """Without a way to tell them, false would be lost: that is told before any call."""
    text = yaml_of("jsonrpc").replace("  booleans: [active, is_company]\n", "")

    with pytest.raises(MidspanError) as caught:
        opened("jsonrpc", site, tmp_path, text=text)

    assert caught.value.code == "rpc.booleans"


def test_capabilities_follow_the_configuration(site: Site, tmp_path: Path) -> None:
    """What a stream may do is what it and its system say how to."""
    with closing(opened("xmlrpc", site, tmp_path)) as adapter:
        assert adapter.capabilities("sales") == set(Capability) - {Capability.DELETE}
        assert Capability.CREATE not in adapter.capabilities("customers")
    with closing(opened("jsonrpc", site, tmp_path)) as adapter:
        assert Capability.CREATE not in adapter.capabilities("sales")
        assert Capability.LOOKUP in adapter.capabilities("sales")
