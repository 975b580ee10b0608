"""What was discovered is kept beside the gates, stream by stream, until it is looked at again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from midspan.governor import ControlStore, open_control
from midspan.kernel.catalog import Catalog, CatalogField, CatalogStream, CursorCandidate

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
STAMP = CursorCandidate(("changed",), "datetime", 0.9, ("named like a change stamp",))
ORDERS = CatalogStream(
    "orders",
    "table",
    (CatalogField("id", "integer", nullable=False), CatalogField("changed", "datetime")),
    primary_key=("id",),
    cursors=(STAMP,),
    rows=12,
    config={"table": "orders", "where": {"client": ["100", 1]}},
)
ITEMS = CatalogStream("items", "view", ())


@pytest.fixture
def control(store_url, tmp_path) -> Iterator[ControlStore]:
    store = open_control(store_url, tmp_path)
    yield store
    store.close()


def test_what_was_kept_comes_back_as_it_was(control: ControlStore) -> None:
    """Fields, candidates, configuration and the time; one system knows nothing of another."""
    control.catalogs.keep(
        "erp", Catalog((ORDERS, ITEMS), MONDAY, ("no grant: prices",)), whole=True
    )

    known = control.catalogs.load("erp")

    assert [one.stream for one in known.streams] == [ITEMS, ORDERS]
    assert {one.at for one in known.streams} == {MONDAY}
    assert (known.whole, known.remarks) == (MONDAY, ("no grant: prices",))
    assert control.catalogs.load("crm").streams == ()


def test_a_stream_looked_at_again_leaves_the_others(control: ControlStore) -> None:
    """Each has an age of its own; the listing keeps its own, too."""
    control.catalogs.keep("erp", Catalog((ORDERS, ITEMS), MONDAY), whole=True)
    control.catalogs.keep("erp", Catalog((ITEMS,), TUESDAY), whole=False)

    known = control.catalogs.load("erp")

    assert {one.stream.name: one.at for one in known.streams} == {
        "items": TUESDAY,
        "orders": MONDAY,
    }
    assert known.whole == MONDAY


def test_a_listing_forgets_what_is_gone(control: ControlStore) -> None:
    """In that system alone."""
    control.catalogs.keep("erp", Catalog((ORDERS, ITEMS), MONDAY), whole=True)
    control.catalogs.keep("crm", Catalog((ORDERS,), MONDAY), whole=True)
    control.catalogs.keep("erp", Catalog((ITEMS,), TUESDAY), whole=True)

    assert [one.stream.name for one in control.catalogs.load("erp").streams] == ["items"]
    assert [one.stream.name for one in control.catalogs.load("crm").streams] == ["orders"]


def test_what_another_version_kept_is_not_known(tmp_path) -> None:
    """It is looked at again rather than misread."""
    control = open_control(None, tmp_path)
    control.catalogs.keep("erp", Catalog((ORDERS, ITEMS), MONDAY), whole=True)
    with control._store.write() as connection:
        connection.execute(text("UPDATE catalog SET body = '{\"name\": 1}' WHERE stream = 'items'"))

    known = control.catalogs.load("erp")
    control.close()

    assert [one.stream.name for one in known.streams] == ["orders"]
