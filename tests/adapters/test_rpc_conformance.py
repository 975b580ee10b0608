"""The rpc adapter keeps every adapter's promises: to Tryton by JSON-RPC, to an Odoo by XML-RPC."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter
from adapters.rpc import RpcAdapter
from adapters.testing.building import adapter_from_yaml
from adapters.testing.conformance import AdapterConformance
from adapters.testing.counterpart import READS, WRITES, Counterpart, Sample, through
from config.model import CursorConfig
from examples.company.erp.provision import ADMIN, fresh_copy
from examples.company.erp.server import ErpServer
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record
from tests.adapters.http_site import PASSWORD, Site
from tests.adapters.odoo_models import SHOWN, Odoo
from tests.adapters.odoo_site import connection, odoo_site
from tests.adapters.rpc_page import example
from tests.adapters.test_rpc import connect
from tests.fixtures_erp import PASSWORDS, RunningErp

ODOO_STREAM = """
  partners:
    primary_key: id
    cursor: {fields: write_date, format: "%Y-%m-%d %H:%M:%S"}
    model: res.partner
    write: {operations: [create, update, delete], reference: ref}
"""
TRYTON_STREAM = """
  sales:
    primary_key: id
    cursor: {fields: [write_date, create_date]}
    model: sale.sale
    fields: [description, reference]
    write: {operations: [create, update, delete], reference: reference}
"""


def yaml(name: str, stream: str) -> str:
    """Return the page's example with a stream of the suite's own, in small pages."""
    head = example(name).partition("streams:")[0]
    return head.replace("  filter:\n", "  limit: 10\n  filter:\n") + "streams:" + stream


class OdooPartners(Counterpart):
    """Partners of an Odoo."""

    capabilities = READS | WRITES
    transport = "http"
    adapter = RpcAdapter
    stream, source, primary_key, text = "partners", "res.partner", ("id",), "name"
    cursor = CursorConfig(fields=("write_date",), format=SHOWN)
    secrets = (PASSWORD,)

    def __init__(self, odoo: Odoo, site: Site, home: Path) -> None:
        self._odoo, self._site, self._home = odoo, site, home
        self._ids: dict[int, int] = {}

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._site.port

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        reached = through(connection(self._site), address)
        text = yaml("config/systems/odoo.yaml", ODOO_STREAM)
        return adapter_from_yaml(RpcAdapter, text, self._home, reached, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            stamp = sample.stamp.astimezone(UTC).replace(tzinfo=None)
            values = {"name": sample.text, "write_date": stamp}
            if sample.number in self._ids:
                self._table[self._ids[sample.number]] |= values
            else:
                self._ids[sample.number] = self._odoo.insert("res.partner", values)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self._table[self._ids[number]]

    def key(self, number: int) -> Key:
        return (self._ids[number],)

    def texts(self) -> Sequence[str]:
        return [row["name"] for row in self._table.values()]

    def refused_values(self) -> Record:
        return {"phone": "+43 1"}

    def swallow_creates(self) -> None:
        self._odoo.swallowing = True

    def twin(self, reference: str) -> None:
        for name in ("A", "B"):
            self._odoo.insert("res.partner", {"name": name, "ref": reference})

    def deny(self) -> None:
        self._odoo.denied.add(("res.partner", "read"))

    def break_stream(self) -> None:
        self._odoo.gone.add("res.partner")

    @property
    def _table(self) -> dict[int, dict[str, Any]]:
        return self._odoo.tables["res.partner"]


class TestOdooByXmlRpc(AdapterConformance):
    """Everything that an adapter promises, of the page's Odoo."""

    system = OdooPartners

    @pytest.fixture
    def counterpart(self, tmp_path: Path) -> Iterator[OdooPartners]:
        odoo = Odoo()
        with odoo_site(odoo) as site:
            yield OdooPartners(odoo, site, tmp_path)


class TrytonSales(Counterpart):
    """Sales of a running Tryton, put and looked at in its own tables."""

    capabilities = READS | WRITES
    transport = "http"
    adapter = RpcAdapter
    stream, source, primary_key, text = "sales", "sale.sale", ("id",), "description"
    cursor = CursorConfig(fields=("write_date", "create_date"))
    secrets = tuple(PASSWORDS.values())

    def __init__(self, erp: RunningErp, template: dict[str, Any], home: Path) -> None:
        self._erp, self._template, self._home = erp, template, home
        run(erp, "DELETE FROM sale_sale")

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._erp.server.port or 0

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        reached = through(connect(self._erp), address)
        # Of Tryton's three hundred models, two are looked into.
        more = example("").replace("params: [[],", "params: [[[name, in, [sale.sale, sale.line]]],")
        text = yaml("config/systems/tryton.yaml", TRYTON_STREAM) + more
        return adapter_from_yaml(RpcAdapter, text, self._home, reached, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        known = {row["id"] for row in run(self._erp, "SELECT id FROM sale_sale")}
        for sample in samples:
            stamp = f"{sample.stamp.astimezone(UTC):%Y-%m-%d %H:%M:%S}.000000"
            if sample.number in known:
                sql = "UPDATE sale_sale SET description = ?, write_date = ? WHERE id = ?"
                run(self._erp, sql, sample.text, stamp, sample.number)
            else:
                self._insert(sample.number, description=sample.text, create_date=stamp)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            run(self._erp, "DELETE FROM sale_sale WHERE id = ?", number)

    def key(self, number: int) -> Key:
        return (number,)

    def texts(self) -> Sequence[str]:
        return [row["description"] for row in run(self._erp, "SELECT description FROM sale_sale")]

    def values(self, text: str) -> Record:
        return {"description": text, "party": self._template["party"]}

    def refused_values(self) -> Record:
        return {"description": "without a party"}

    def twin(self, reference: str) -> None:
        for number in (901, 902):
            self._insert(number, description="A", reference=reference)

    def expire_session(self) -> None:
        run(self._erp, "DELETE FROM ir_session")

    def _insert(self, number: int, **values: str) -> None:
        row = {**self._template, "id": number, "write_date": None, **values}
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT INTO sale_sale ({names}) VALUES ({marks})"  # noqa: S608 Tryton's own names
        run(self._erp, sql, *row.values())


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    folder = tmp_path_factory.mktemp("tryton")
    fresh_copy(folder, PASSWORDS)
    with ErpServer(folder) as server:
        yield RunningErp(server, ADMIN, PASSWORDS[ADMIN])


@pytest.fixture(scope="module")
def template(tryton: RunningErp) -> dict[str, Any]:
    """Return the columns of a sale that may be changed; no other row refers to a sale."""
    run(tryton, "DELETE FROM sale_line")
    (row,) = run(tryton, "SELECT * FROM sale_sale WHERE state = 'draft' LIMIT 1")
    return {**row, "reference": None}


class TestTrytonByJsonRpc(AdapterConformance):
    """Everything that an adapter promises, of a real Tryton."""

    system = TrytonSales

    @pytest.fixture
    def counterpart(
        self, tryton: RunningErp, template: dict[str, Any], tmp_path: Path
    ) -> TrytonSales:
        return TrytonSales(tryton, template, tmp_path)


def run(erp: RunningErp, sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run a statement on Tryton's own tables, and return its rows."""
    with closing(sqlite3.connect(erp.database_file, timeout=10)) as database:
        database.row_factory = sqlite3.Row
        found = [dict(row) for row in database.execute(sql, values)]
        database.commit()
        return found
