"""A workbench: a whole project over two scripted systems, on either store.

Everything between the systems and the stores is the production code, assembled from a real
project folder; the bench only asks it questions.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import Table, select

from config.connections import Connection
from config.settings import Settings
from midspan.store.engine import Store
from midspan.sync.deletes import run_deletes
from midspan.sync.pipeline import run_sync
from midspan.sync.project import Project, assemble
from midspan.sync.report import RunReport
from midspan.sync.run import RunOptions
from shared_services.golden.model import GoldenModel
from tests.sync.legacy import Legacy, TestClock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CURSOR = "{fields: changed, lookback: 2m, commit_lag: 5s}"
FIELDS = "[name, email, phone, tax, city]"

_MAPPING = """
mapping: {system}_customers
entity: customer/1
source: {system}.customers
fields:
  kind: {{const: person}}
  name: {{path: name, via: collapse}}
  email: {{path: email}}
  phone: {{path: phone}}
  tax_id: {{path: tax}}
  city: {{path: city}}
filter: [{{when: {{path: city, equals: Nowhere}}, reason: no customer}}]
ignore: [id, changed]
"""
_PRODUCTS = """
mapping: erp_products
entity: product/1
source: erp.products
fields: {code: {path: code}, name: {path: name}, category: {path: category},
         list_price: {path: price, via: decimal}}
ignore: [id, changed]
"""
_PRICES = """
mapping: erp_prices
entity: price/1
source: erp.prices
fields: {product_code: {path: code}, currency: {path: currency},
         amount: {path: amount, via: decimal}, valid_from: {path: day, via: date}}
ignore: [id, changed]
"""


@dataclass
class Bench:
    """One project folder, its state, its systems and its clock."""

    folder: Path
    store_url: str | None
    clock: TestClock = field(default_factory=lambda: TestClock(START))
    cursor: str = CURSOR
    part_cursor: str = CURSOR
    key_type: str = "id"
    page: int = 3
    sync_options: str = "{}"
    tells_time: str = "true"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.erp = Legacy(self.folder / "erp.db", START)
        self.crm = Legacy(self.folder / "crm.db", START)
        self.configure()

    def configure(self, **changes: str) -> None:
        """Write the project folder, with some of the bench's settings changed, and assemble it."""
        for name, value in changes.items():
            setattr(self, name, value)
        home = self.folder / "home"
        for system, priority in (("erp", 1), ("crm", 2)):
            _write(home / f"mappings/{system}_customers.yaml", _MAPPING.format(system=system))
            _write(home / f"config/systems/{system}.yaml", self._system(system))
            _write(
                home / f"config/syncs/{system}.customers.yaml",
                f"system: {system}\nstream: customers\nentity: customer\n"
                f"mapping: {system}_customers.yaml\n"
                f"survivorship: {{priority: {priority}, fields: {{city: {3 - priority}}}}}\n"
                + self._options(),
            )
        for name, text in (("products", _PRODUCTS), ("prices", _PRICES)):
            _write(home / f"mappings/erp_{name}.yaml", text)
            _write(
                home / f"config/syncs/erp.{name}.yaml",
                f"system: erp\nstream: {name}\nentity: {name[:-1]}\nmapping: erp_{name}.yaml\n",
            )
        self.assemble()

    def assemble(self) -> None:
        """Read the project folder as it is now."""
        if "project" in self.__dict__:
            self.project.close()
        settings = Settings(self.folder / "home", self.folder / "state", self.store_url, "", "t")
        self.project: Project = assemble(settings, partial(_connection, self.folder))

    def pass_time(self, by: timedelta = timedelta(minutes=10)) -> datetime:
        """Let the clocks of all machines go on; return the systems' time."""
        self.clock.forward(by)
        now = self.erp.now + by
        self.erp.set_clock(now)
        self.crm.set_clock(now)
        return now

    def options(self, **options: Any) -> RunOptions:
        return RunOptions(clock=self.clock, patience=timedelta(0), **options)

    def sync(
        self, name: str = "erp.customers", each: Callable[[Any], None] | None = None, **options: Any
    ) -> RunReport:
        """Run one sync after a moment; ``each`` is called after each batch."""
        self.clock.forward(timedelta(seconds=1))
        return run_sync(self.project, name, self.options(**options), each)

    def deletes(
        self, name: str = "erp.customers", each: Callable[[int], None] | None = None, **options: Any
    ) -> RunReport:
        """Look for deletes after a moment; ``each`` is called after each page of keys."""
        self.clock.forward(timedelta(seconds=1))
        return run_deletes(self.project, name, self.options(**options), each)

    @property
    def store(self) -> Store:
        return self.project.store("user_center")

    @property
    def customer(self) -> GoldenModel:
        return self.project.centers["user_center"].models["customer"]

    @contextmanager
    def look(self, center: str = "user_center") -> Iterator[Database]:
        with self.project.store(center).read() as connection:
            yield connection

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table's rows in the order of its primary key."""
        with self.store.read() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row) for row in found.mappings()]

    def customers(self) -> dict[int, dict[str, Any]]:
        """Return the live golden customers by id."""
        return {
            row["id"]: row for row in self.rows(self.customer.golden) if row["deleted_at"] is None
        }

    def golden_id(self, key: Any, sync: str = "erp.customers") -> int:
        """Return the golden id of a source row."""
        for row in self.rows(self.customer.source):
            if (row["sync"], row["source_key"]) == (sync, str(key)):
                return int(row["golden_id"])
        raise AssertionError(f"there is no source row {sync}:{key}")

    def events(self) -> list[dict[str, Any]]:
        """Return the payloads that wait in the outbox."""
        return [json.loads(row["payload"]) for row in self.rows(self.customer.state.outbox)]

    def verbs(self) -> list[tuple[str, int | None]]:
        """Return verb and golden id of each event that waits."""
        return [(event.get("verb", "snapshot_ready"), event.get("id")) for event in self.events()]

    def forget_events(self) -> None:
        """Empty the outbox, as a relay does."""
        with self.store.write() as connection:
            connection.execute(self.customer.state.outbox.delete())

    def runs(self) -> list[dict[str, Any]]:
        return sorted(self.rows(self.customer.state.run), key=lambda run: run["started_at"])

    def quarantine(self) -> list[dict[str, Any]]:
        return self.rows(self.customer.state.quarantine)

    def cursor_row(self, sync: str = "erp.customers") -> dict[str, Any]:
        return next(row for row in self.rows(self.customer.state.cursor) if row["sync"] == sync)

    def close(self) -> None:
        self.project.close()

    def _system(self, system: str) -> str:
        return f"""
type: scripted
conn_id: {system}
budget: {{rate: 10000, concurrency: 4}}
retry: {{attempts: 1}}
page: {self.page}
tells_time: {self.tells_time}
streams:
  customers:
    primary_key: {self.key_type}
    cursor: {self.cursor}
    deletes: snapshot
    fields: {FIELDS}
    parts:
      phones: {{parent: customer, cursor: {self.part_cursor}, fields: [customer, number]}}
  products: {{primary_key: id, cursor: {self.cursor}, fields: [code, name, category, price]}}
  prices: {{primary_key: id, fields: [code, currency, amount, day]}}
"""

    def _options(self) -> str:
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in _plain(self.sync_options))


def load(bench: Bench, count: int = 4) -> None:
    """Load customers 1 … ``count`` of the ERP; their golden ids are their keys."""
    for key in range(1, count + 1):
        bench.erp.put("customers", key, name=f"Customer {key}", email=f"c{key}@example.com")
    bench.pass_time()
    bench.sync()


def _plain(text: str) -> list[tuple[str, Any]]:
    return list(json.loads(text).items())


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _connection(folder: Path, conn_id: str) -> Connection:
    return Connection(conn_id, "sqlite", schema=str(folder / f"{conn_id}.db"))
