"""The rest adapter keeps what every adapter promises, against a system that makes it hard."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from adapters.base import Adapter
from adapters.rest import RestAdapter
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
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record
from tests.adapters.http_site import PASSWORD, Site
from tests.adapters.rest_store import STORE, Store, stored


class RestStore(Counterpart):
    """A store, read by YAML alone."""

    capabilities = READS | WRITES
    transport = "http"
    adapter = RestAdapter
    stream = "items"
    source = "/items"
    primary_key = ("id",)
    text = "name"
    cursor = CursorConfig(("changed",), format="%Y-%m-%dT%H:%M:%S")
    secrets = (PASSWORD, "session-1", "session-2")

    def __init__(self, store: Store, site: Site, home: Path) -> None:
        self._store, self._site, self._home = store, site, home

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._site.port

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        connection = through(self._site.connection(), address)
        return adapter_from_yaml(RestAdapter, STORE, self._home, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        for each in samples:
            stamp = each.stamp.strftime("%Y-%m-%dT%H:%M:%S")
            self._store.put(each.number, {"name": each.text, "ref": f"R{each.number}"}, stamp)

    def remove(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self._store.items[number]

    def key(self, number: int) -> Key:
        return (str(number),)

    def texts(self) -> Sequence[str]:
        return [one["name"] for one in self._store.items.values()]

    def refused_values(self) -> Record:
        return {"name": "", "city": "refused"}

    def swallow_creates(self) -> None:
        self._store.swallow = True

    def twin(self, reference: str) -> None:
        for number in (501, 502):
            self._store.put(number, {"name": "TWIN", "ref": reference}, "2026-01-01T00:00:00")

    def deny(self) -> None:
        self._store.denied = True

    def expire_session(self) -> None:
        self._store.sessions.clear()

    def break_stream(self) -> None:
        self._store.broken = True


class TestRest(AdapterConformance):
    """Everything that an adapter promises."""

    system = RestStore

    @pytest.fixture
    def counterpart(self, tmp_path: Path) -> Iterator[Counterpart]:
        """Return the store, empty."""
        with stored() as (store, site):
            yield RestStore(store, site, tmp_path)
