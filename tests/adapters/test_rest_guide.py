"""The example of docs/it/connect-rest.md runs as it is described there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from adapters.rest import RestAdapter
from midspan.kernel.stream import Slice, StreamCheck
from midspan.kernel.writing import WriteOperation
from tests.adapters.building import ROOT, build, project, records
from tests.adapters.http_site import Answer, Asked, serve
from tests.adapters.rest_site import reply, stamp


@dataclass
class Shop:
    """The shop of the page: some orders behind a token."""

    orders: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {
            number: {"id": number, "changed_at": stamp(number), "state": "open", "lines": []}
            for number in range(1, 451)
        }
    )

    def __call__(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        path, query = url.path.removeprefix("/api/v2"), dict(parse_qsl(url.query))
        if path == "/oauth/token":
            return reply({"access_token": "t", "expires_in": 60})
        if asked.headers.get("Authorization") != "Bearer t":
            return Answer(b"{}", 401)
        if asked.method == "OPTIONS":
            return Answer(b"", 204, {"Allow": "GET, POST, PATCH"})
        if path == "/orders":
            return self._create(asked) if asked.method == "POST" else self._page(query)
        if path == "/orders/search":
            carry = [one for one in self.orders.values() if one.get("external_no")]
            return reply(
                {"data": [one for one in carry if one["external_no"] == query["external_no"]]}
            )
        order = self.orders[int(path.rpartition("/")[2])]
        order |= json.loads(asked.body) if asked.method == "PATCH" else {}
        return reply(order)

    def _page(self, query: dict[str, str]) -> Answer:
        since = query.get("changed_since", "")
        found = [one for one in self.orders.values() if one["changed_at"] >= since]
        start = (int(query["page"]) - 1) * int(query["limit"])
        return reply(
            {"data": found[start : start + int(query["limit"])], "meta": {"total": len(found)}}
        )

    def _create(self, asked: Asked) -> Answer:
        assert asked.headers["Idempotency-Key"] == "REF-1"
        number = max(self.orders) + 1
        self.orders[number] = {"id": number, "changed_at": stamp(1000), **json.loads(asked.body)}
        return reply({"id": number})


@pytest.fixture
def shop() -> Shop:
    """Return the shop."""
    return Shop()


@pytest.fixture
def adapter(shop: Shop, tmp_path: Path) -> Iterator[RestAdapter]:
    """Return the adapter that the page's YAML makes."""
    page = (ROOT / "docs" / "it" / "connect-rest.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    with serve(shop) as site:
        made = build(RestAdapter, project(tmp_path, "shop", text), "shop", site.connection())
        yield made
        made.close()


def test_the_orders_are_read(adapter: RestAdapter) -> None:
    """Whole, since a change, by key, and as keys."""
    whole = records(list(adapter.read("orders", Slice())))
    since = records(list(adapter.read("orders", Slice(lower=stamp(440)))))
    one = records(list(adapter.read("orders", Slice(keys=((7,),)))))
    keys = [key for some in adapter.keys("orders") for key in some]

    assert [row["id"] for row in whole] == list(range(1, 451))
    assert [row["id"] for row in since] == list(range(440, 451))
    assert [row["id"] for row in one] == [7]
    assert keys == [(number,) for number in range(1, 451)]


def test_all_is_proved(adapter: RestAdapter) -> None:
    """Without a remark, and with the right to write."""
    assert adapter.check(deep=True).streams == (
        StreamCheck("orders", readable=True, writable=True),
    )


def test_the_orders_are_described(adapter: RestAdapter) -> None:
    """With the key, the cursor and the number of records."""
    (found,) = adapter.discover().streams

    assert (found.name, found.primary_key, found.rows) == ("/orders", ("id",), 450)
    assert found.cursors[0].fields == ("changed_at",)


def test_an_order_is_created_and_changed(adapter: RestAdapter, shop: Shop) -> None:
    """Under our reference, by which it is found."""
    made = adapter.write("orders", WriteOperation("create", {"state": "open"}), "REF-1")
    adapter.write("orders", WriteOperation("update", {"state": "paid"}, made.key), "REF-2")
    found = adapter.lookup("orders", "REF-1")

    assert made.key == (451,)
    assert found is not None
    assert (found["id"], found["state"]) == (451, "paid")
    assert shop.orders[451]["external_no"] == "REF-1"
