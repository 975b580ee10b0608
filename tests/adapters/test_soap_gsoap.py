"""The soap adapter against a foreign stack: gSOAP in rpc/encoded, with references and arrays.

What connects it is the example of docs/it/connect-soap.md, as it stands there.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from adapters.base import Adapter
from adapters.soap import SoapAdapter
from adapters.testing import (
    READS,
    WRITES,
    AdapterConformance,
    Counterpart,
    Sample,
    adapter_from_yaml,
    through,
)
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key, Slice
from midspan.kernel.writing import Record
from tests.adapters.soap_gsoap import Warehouse, running_warehouse
from tests.adapters.soap_site import CountingGate
from tests.docs.pages import blocks

NAME = "# config/systems/warehouse.yaml\n"
STAMP = "%Y-%m-%dT%H:%M:%S"


class Articles(Counterpart):
    """The warehouse's articles."""

    capabilities = READS | WRITES
    transport = "http"
    adapter = SoapAdapter
    stream = "articles"
    source = "articles"
    primary_key = ("id",)
    text = "text"
    cursor = CursorConfig(("changed",), format=STAMP, lookback=timedelta(minutes=1))

    def __init__(self, warehouse: Warehouse, home: Path) -> None:
        self._warehouse = warehouse
        self._home = home
        self.secrets = (warehouse.password, "session-" + warehouse.password[:4])
        warehouse.steer("clear")

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._warehouse.port

    def open(
        self,
        gate: Gate,
        address: tuple[str, int] | None = None,
        columns: Sequence[str] = (),
    ) -> Adapter:
        systems = self._home / "config" / "systems"
        systems.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._warehouse.wsdl, systems)
        yaml = next(one.text for one in blocks("yaml") if one.text.startswith(NAME))
        connection = through(self._warehouse.connection, address)
        return adapter_from_yaml(SoapAdapter, yaml, self._home, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        for one in samples:
            stamp = one.stamp.astimezone(UTC).strftime(STAMP)
            self._warehouse.steer("put", one.number, one.text, stamp)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._warehouse.steer("remove", number)

    def key(self, number: int) -> Key:
        return (number,)

    def texts(self) -> Sequence[str]:
        return self._warehouse.steer("texts").split()

    def refused_values(self) -> Record:
        return {"tags": ["a"]}

    def swallow_creates(self) -> None:
        self._warehouse.steer("swallow")

    def twin(self, reference: str) -> None:
        self._warehouse.steer("twin", text=reference)

    def deny(self) -> None:
        self._warehouse.steer("deny")

    def expire_session(self) -> None:
        self._warehouse.steer("expire")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    """Run one warehouse for all tests; each empties it."""
    with running_warehouse() as warehouse:
        yield warehouse


class TestWarehouse(AdapterConformance):
    """Everything that an adapter promises, in rpc/encoded."""

    system = Articles

    @pytest.fixture
    def counterpart(self, warehouse: Warehouse, tmp_path: Path) -> Articles:
        return Articles(warehouse, tmp_path)


def test_arrays_and_shared_references_arrive_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    """A unit that all articles refer to stands in each; an array of texts is a list."""
    articles = Articles(warehouse, tmp_path)
    for number in (1, 2):
        warehouse.steer("put", number, f"A{number}", "2026-01-01T00:00:00")
    adapter = articles.open(CountingGate())

    (batch,) = adapter.read("articles", Slice())

    rows = [dict(zip(batch.columns, row, strict=True)) for row in batch.rows]
    assert [row["unit"] for row in rows] == [{"code": "PCE", "name": "piece"}] * 2
    assert [row["tags"] for row in rows] == [["tag0"], ["tag0", "tag1"]]
    adapter.close()
