"""The user center answers from its own store: merged ids, filters, pages, and no deleted ones."""

from typing import Any

import pytest
from sqlalchemy import event

from midspan.kernel.errors import RemoteError
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import FindCustomers, GetById, GetMany
from shared_services.user_center.service import (
    get_customer,
    get_customers,
    get_each_customer,
    list_customers,
)
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench


@pytest.fixture(scope="module")
def center(make_module_bench: MakeBench) -> Bench:
    """Give a center with five customers, of which 3 was merged into 1 and 4 deleted."""
    bench = make_module_bench(sync_options='{"deletes": {"max_delete_pct": 50}}')
    put = bench.erp.put
    put("customers", 1, name="Käthe Weiß", email="k@example.com", tax="ATU1", city="Wien")
    put("customers", 2, name="100% Holz", email="holz@example.com", phone="+431")
    put("customers", 3, name="Käthe Weiß", email="other@example.com")
    put("customers", 4, name="Gone", email="gone@example.com")
    put("customers", 5, name="Anna Berg")
    bench.pass_time()
    bench.sync()
    put("customers", 3, name="Käthe Weiß", email="k@example.com")
    bench.erp.remove("customers", 4)
    bench.pass_time()
    bench.sync()
    bench.deletes()
    return bench


def test_one_customer_by_id(center: Bench) -> None:
    """Values, golden id, epoch, sequence and the time of the data."""
    with center.look() as connection:
        customer = get_customer(connection, GetById(id=2))

    assert (customer.name, customer.phone, customer.kind) == ("100% Holz", "+431", "person")
    assert (customer.id, customer.epoch, customer.sequence) == (2, 1, 1)
    assert customer.as_of.tzinfo is not None


def test_a_merged_id_answers_with_its_successor(center: Bench) -> None:
    """Whoever kept the old id gets the customer it went into."""
    with center.look() as connection:
        assert get_customer(connection, GetById(id=3)).id == 1


@pytest.mark.parametrize("golden_id", [4, 99, -1])
def test_a_customer_that_is_not_there_is_told_by_code(center: Bench, golden_id: int) -> None:
    """Deleted and never known are the same answer."""
    with center.look() as connection, pytest.raises(RemoteError) as missing:
        get_customer(connection, GetById(id=golden_id))

    assert missing.value.code == "customer.not_found"
    assert missing.value.detail == {"id": golden_id}


def test_many_come_once_each_in_the_order_asked_for(center: Bench) -> None:
    """Unknown and deleted ids are left out; a merged id does not double its successor."""
    with center.look() as connection:
        found = get_customers(connection, GetMany(ids=[5, 3, 99, 1, 4, 2]))

    assert [customer.id for customer in found.items] == [5, 1, 2]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [1, 2, 5]),
        ({"email": " K@Example.com "}, [1]),
        ({"email": "gone@example.com"}, []),
        ({"tax_id": "ATU1"}, [1]),
        ({"phone": "+431"}, [2]),
        ({"name": "KÄTHE"}, [1]),
        ({"name": "100%"}, [2]),
        ({"name": "%"}, [2]),
        ({"name": "_"}, []),
        ({"name": "e", "tax_id": "ATU1"}, [1]),
        ({"country": "AT"}, []),
    ],
)
def test_filters_are_all_to_be_met(center: Bench, filters: dict[str, Any], ids: list[int]) -> None:
    """Text is searched without regard to case, and its wildcards are plain characters."""
    with center.look() as connection:
        page = list_customers(connection, FindCustomers(**filters))

    assert [customer.id for customer in page.items] == ids
    assert page.next is None


def test_calls_that_come_together_are_answered_by_one_statement(center: Bench) -> None:
    """A merged id among them costs no second look, and all answers are of one state."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with center.look() as connection:
        event.listen(connection, "before_cursor_execute", note)
        answers = get_each_customer(connection, [GetById(id=each) for each in (3, 2, 4, 1)])

    names = [one.name if isinstance(one, Customer) else one.code for one in answers]
    assert names == ["Käthe Weiß", "100% Holz", "customer.not_found", "Käthe Weiß"]
    assert len([each for each in statements if each != "BEGIN"]) == 1


def test_pages_hold_every_customer_once(center: Bench) -> None:
    """``next`` leads through all of them, and is None exactly at the end."""
    with center.look() as connection:
        first = list_customers(connection, FindCustomers(limit=2))
        second = list_customers(connection, FindCustomers(limit=2, after=first.next or 0))
        exact = list_customers(connection, FindCustomers(limit=3))

    assert [customer.id for customer in first.items] == [1, 2]
    assert ([customer.id for customer in second.items], second.next) == ([5], None)
    assert exact.next is None
