"""A small system with an HTTP interface, and its counterpart: what the suite itself is tried on.

It pages by key, filters by an inclusive stamp, ends sessions, loses creates on demand, and lets
two records share a reference, as legacy systems do.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from adapters.base import Adapter
from adapters.testing import READS, WRITES, Counterpart, Sample, adapter_from_yaml, through
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record
from tests.adapters.http_site import PASSWORD, Answer, Asked, Site, serve
from tests.adapters.testing.ledger_adapter import LedgerAdapter

SYSTEM = """
type: rest
conn_id: legacy
page: 10
streams:
  customers:
    primary_key: [id]
    cursor: {fields: [changed], lookback: 0s}
    write: {operations: [create, update, delete], reference: ref}
"""


class Ledger:
    """The system: customers by number, behind a login."""

    def __init__(self) -> None:
        self.customers: dict[int, dict[str, Any]] = {}
        self.sessions = count(1)
        self.session = ""
        self.swallows = self.denies = False
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        """Answer a request."""
        url = urlsplit(asked.path)
        with self._lock:
            if url.path == "/login":
                return self._log_in(json.loads(asked.body))
            if asked.headers.get("X-Session") != self.session:
                return Answer(b"{}", 401)
            if self.denies:
                return Answer(b"{}", 403)
            return self._serve(asked, url.path, dict(parse_qsl(url.query)))

    def _log_in(self, told: Mapping[str, str]) -> Answer:
        if told.get("password") != PASSWORD:
            return Answer(b"{}", 401)
        self.session = f"session-{next(self.sessions)}-5590"
        return _json({"session": self.session})

    def _serve(self, asked: Asked, path: str, query: Mapping[str, str]) -> Answer:
        _, _, number = path.removeprefix("/").partition("/")
        if asked.method == "GET":
            return _json(self._found(query))
        if asked.method == "POST":
            return self._create(json.loads(asked.body))
        if int(number) not in self.customers:
            return Answer(b"{}", 404)
        if asked.method == "DELETE":
            del self.customers[int(number)]
        else:
            self.customers[int(number)] |= json.loads(asked.body)
        return _json({"id": int(number)})

    def _create(self, values: dict[str, Any]) -> Answer:
        if not values.get("name"):
            return Answer(b"{}", 422)
        number = max(self.customers, default=0) + 1
        if not self.swallows:
            self.customers[number] = {"id": number, "changed": "2026-02-01T00:00:00", **values}
        return _json({"id": number})

    def _found(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = [self.customers[number] for number in sorted(self.customers)]
        if "ids" in query:
            wanted = {int(one) for one in query["ids"].split(",")}
            rows = [row for row in rows if row["id"] in wanted]
        if "ref" in query:
            rows = [row for row in rows if row.get("ref") == query["ref"]]
        if "since" in query:
            rows = [row for row in rows if row["changed"] >= query["since"]]
        rows = [row for row in rows if row["id"] > int(query.get("after", 0))]
        return rows[: int(query.get("limit", 1000))]


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


class LedgerSite(Counterpart):
    """The ledger as the suite uses it; ``adapter`` may be a broken one."""

    capabilities = READS | WRITES
    transport = "http"
    adapter: ClassVar[type[Adapter]] = LedgerAdapter
    stream = "customers"
    source = "customers"
    primary_key = ("id",)
    text = "name"
    cursor = CursorConfig(("changed",))

    def __init__(self, site: Site, ledger: Ledger, home: Any) -> None:
        self._site, self._ledger, self._home = site, ledger, home
        self.secrets = (PASSWORD, "5590")

    @property
    def address(self) -> tuple[str, int]:
        """Return where the ledger is."""
        return "127.0.0.1", self._site.port

    def open(
        self, gate: Gate, address: tuple[str, int] | None = None, columns: Sequence[str] = ()
    ) -> Adapter:
        """Return the adapter."""
        connection = through(self._site.connection(), address)
        return adapter_from_yaml(self.adapter, SYSTEM, self._home, connection, gate, columns)

    def put(self, samples: Sequence[Sample]) -> None:
        """Write into the ledger's memory."""
        for one in samples:
            stamp = one.stamp.replace(tzinfo=None).isoformat()
            row = {"id": one.number, "name": one.text, "changed": stamp}
            self._ledger.customers[one.number] = row

    def remove(self, numbers: Sequence[int]) -> None:
        """Delete from the ledger's memory."""
        for number in numbers:
            del self._ledger.customers[number]

    def key(self, number: int) -> Key:
        """Return the number."""
        return (number,)

    def texts(self) -> Sequence[str]:
        """Return the names in the ledger's memory."""
        return [row["name"] for row in self._ledger.customers.values()]

    def refused_values(self) -> Record:
        """Return a customer without a name."""
        return {"name": ""}

    def swallow_creates(self) -> None:
        """Report creates as done and make nothing."""
        self._ledger.swallows = True

    def twin(self, reference: str) -> None:
        """Let two customers carry one reference."""
        for number in (1, 2):
            self._ledger.customers[number] = {"id": number, "name": "", "ref": reference}

    def deny(self) -> None:
        """Refuse the user everything."""
        self._ledger.denies = True

    def expire_session(self) -> None:
        """Forget the session."""
        self._ledger.session = "none-5590"


@contextmanager
def ledger(
    home: Any, adapter: type[Adapter] = LedgerAdapter, cls: type[LedgerSite] = LedgerSite
) -> Iterator[LedgerSite]:
    """Give an empty ledger, reached by ``adapter``."""
    books = Ledger()
    with serve(books) as site:
        counterpart = cls(site, books, home)
        counterpart.adapter = adapter  # type: ignore[misc] # a broken adapter for one test
        yield counterpart
