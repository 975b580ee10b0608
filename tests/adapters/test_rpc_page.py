"""The Tryton of docs/it/connect-rpc.md, exactly as the page shows it, on a running Tryton.

Its Odoo runs in test_rpc_odoo.py; both keep the promises of test_rpc_conformance.py.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from adapters.rpc import RpcAdapter
from examples.company.erp import changes, truth
from examples.company.erp.provision import ADMIN, fresh_copy
from examples.company.erp.server import ErpServer
from midspan.kernel.errors import AccessDenied, RecordError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import Capability, WriteOperation
from tests.adapters.building import build, project, records
from tests.adapters.rpc_page import example
from tests.adapters.test_rpc import connect, since, values_of
from tests.fixtures_erp import PASSWORDS, RunningErp

LINES, WIDTH = 30, 100
WAYS = {"json-rpc": 'version: "1.0"', "xml-rpc": "protocol: xmlrpc"}


def tryton(way: str = "json-rpc") -> str:
    return example("config/systems/tryton.yaml").replace(WAYS["json-rpc"], WAYS[way])


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    """Give a Tryton that these tests may change."""
    folder = tmp_path_factory.mktemp("erp")
    fresh_copy(folder, PASSWORDS)
    with ErpServer(folder) as server:
        yield RunningErp(server)


def opened(erp: RunningErp, home: Path, text: str) -> RpcAdapter:
    return build(RpcAdapter, project(home, "tryton", text), "tryton", connect(erp))


def rows(adapter: RpcAdapter, stream: str, part: Slice | None = None) -> list[dict[str, Any]]:
    return records(list(adapter.read(stream, part or Slice())))


def test_it_is_short() -> None:
    """Customers with contact mechanisms, products, sales with lines: thirty lines, no longer."""
    lines = tryton().splitlines()

    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("way", WAYS)
def test_it_reads_all_there_is(edited: RunningErp, tmp_path: Path, way: str) -> None:
    """Every party, product and sale of Tryton's own tables, with prices and lines."""
    with closing(opened(edited, tmp_path, tryton(way))) as adapter:
        customers, products = rows(adapter, "customers"), rows(adapter, "products")
        sales = rows(adapter, "sales")

    file = edited.database_file
    assert [row["code"] for row in customers] == [party["code"] for party in truth.parties(file)]
    assert [(row["code"], row["list_price_used"]) for row in products] == [
        (product["code"], product["list_price"]) for product in truth.products(file)
    ]
    assert [
        (sale["party"]["code"], sale["sale_date"], [line["unit_price"] for line in sale["lines"]])
        for sale in sales
    ] == [
        (sale["party"], sale["sale_date"], [line["unit_price"] for line in sale["lines"]])
        for sale in truth.sales(file)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_phone_edited_alone_changes_its_customer(
    edited: RunningErp, tmp_path: Path, way: str
) -> None:
    """The part names the party since its own change; read again, the party has the new phone."""
    phone = f"+43 732 {len(way)}"
    with closing(opened(edited, tmp_path, tryton(way))) as adapter:
        lower = Slice(lower=since(adapter))
        changes.change_phone(edited.clerk(), 9, phone)

        assert 9 not in [row["id"] for row in rows(adapter, "customers", lower)]
        parents = {row["party"] for row in rows(adapter, "customers.contact_mechanisms", lower)}
        (party,) = rows(adapter, "customers", Slice(keys=((9,),)))

    assert parents == {9}
    assert phone in values_of(party, "phone", "mobile")


@pytest.mark.parametrize("way", WAYS)
def test_deep_check_proves_each_stream(edited: RunningErp, tmp_path: Path, way: str) -> None:
    """Its filters find what they should, and nothing else."""
    with closing(opened(edited, tmp_path, tryton(way) + example(""))) as adapter:
        report = adapter.check(deep=True)

    assert [(check.problem, check.remarks) for check in report.streams] == [("", ())] * 5


def test_what_the_user_may_not_write_is_named(edited: RunningErp, tmp_path: Path) -> None:
    """In Tryton's own words, before anything is written; a try is refused."""
    writing = "model: party.party, write: {operations: [create, update], reference: code},"
    text = tryton().replace("model: party.party,", writing) + example("")
    with closing(opened(edited, tmp_path, text)) as adapter:
        (check, *_) = adapter.check(["customers"], deep=True).streams
        with pytest.raises(AccessDenied) as caught:
            adapter.write("customers", WriteOperation("update", {"name": "X"}, (9,)), "APP-1")

    assert (check.readable, check.writable) == (True, False)
    assert check.grant == "create on party.party, write on party.party"
    assert caught.value.code == "rpc.denied"


@pytest.mark.parametrize("way", WAYS)
def test_a_sale_is_written_and_found(edited: RunningErp, tmp_path: Path, way: str) -> None:
    """With its lines, typed; refused values are the record's fault."""
    writing = "model: sale.sale, write: {operations: [create], reference: reference},"
    text = tryton(way).replace("model: sale.sale,", writing) + example("")
    clerk = RunningErp(edited.server, ADMIN, PASSWORDS[ADMIN])
    with closing(opened(clerk, tmp_path, text)) as adapter:
        (sale, *_) = rows(adapter, "sales")
        values = {"party": sale["party"]["id"], "sale_date": sale["sale_date"]}
        made = adapter.write("sales", WriteOperation("create", values), f"APP-{way}")
        found = adapter.lookup("sales", f"APP-{way}")
        with pytest.raises(RecordError) as caught:
            adapter.write("sales", WriteOperation("create", {"sale_date": None}), "APP-2")

    assert Capability.LOOKUP in adapter.capabilities("sales")
    assert found is not None
    assert (found["id"], found["sale_date"]) == (*made.key, sale["sale_date"])
    assert caught.value.code == "adapter.write_refused"


def test_discover_describes_tryton(edited: RunningErp, tmp_path: Path) -> None:
    """Types, references and the stamps that order changes, by Tryton's own description."""
    with closing(opened(edited, tmp_path, tryton() + example(""))) as adapter:
        (party,) = adapter.discover(["party.party"]).streams

    fields = {field.name: field for field in party.fields}
    assert (party.primary_key, party.configured) == (("id",), ("customers",))
    assert (fields["name"].type, fields["active"].type) == ("string", "boolean")
    assert fields["contact_mechanisms"].refers_to == "party.contact_mechanism"
    assert {"write_date", "create_date"} & {name for one in party.cursors for name in one.fields}
    assert party.rows == len(truth.parties(edited.database_file))
