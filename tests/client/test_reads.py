"""An app's reads, the same in memory and from real centers on a real broker."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from midspan.kernel.errors import RemoteError
from shared_services.client import UNSET
from shared_services.contracts.methods import CUSTOMER_GET, GetById
from shared_services.messaging.context import Work, working
from tests.client.worlds import World


def people(world: World, *names: str) -> list[int]:
    """Make a customer of each name; return their ids."""
    return [
        world.customers.create(kind="person", name=name, email=f"{name.lower()}@example.com").id
        for name in names
    ]


def test_records_are_read_whole(world: World) -> None:
    """One, several, by filter, all of them; exact decimals, prices with their product."""
    ann, bob = people(world, "Ann", "Bob")
    oil = world.products.create(code="OIL", name="Oil", list_price=Decimal("19.90"))
    for amount, day in (("19.90", date(2026, 2, 1)), ("18", date(2026, 1, 1))):
        values = {"currency": "EUR", "amount": Decimal(amount), "valid_from": day}
        world.prices.create(product_code="OIL", **values)

    with world.client("shop") as client:
        customer = client.customers.get(ann)
        assert (customer.name, customer.email, customer.sequence) == ("Ann", "ann@example.com", 1)
        assert customer.as_of.tzinfo is not None
        assert [one.id for one in client.customers.get_many([bob, 99, ann])] == [bob, ann]
        assert [one.id for one in client.customers.find(email=" BOB@example.com ").items] == [bob]
        assert [one.id for one in client.customers.find(name="nn").items] == [ann]
        assert client.customers.find(country="AT").items == []
        product = client.products.get(code="OIL")
        assert product == client.products.get(oil.id) == client.products.get_many([oil.id])[0]
        assert [price.amount for price in product.prices] == [Decimal(18), Decimal("19.9")]
        assert client.products.find(codes=["OIL", "NONE"]).items == [product]
        assert list(client.products.find_all(active=False)) == []


def test_chosen_fields_come_alone(world: World) -> None:
    """What was not asked for is not sent; an unknown name is answered with the known ones."""
    (ann,) = people(world, "Ann")
    world.products.create(code="OIL", name="Oil")

    with world.client("shop") as client:
        (some,) = client.customers.get_many([ann], fields=["name", "phone"])
        assert (some.id, some.name, some.phone, some.email) == (ann, "Ann", None, UNSET)
        (product,) = client.products.get_many([1], ["code"])
        assert (product.code, product.prices) == ("OIL", UNSET)
        with pytest.raises(RemoteError) as refused:
            client.customers.get_many([ann], fields=["shoe_size"])

    assert refused.value.code == "rpc.invalid_request"
    assert "email" in refused.value.detail["known"]  # type: ignore[operator]  # a list of names


def test_a_long_list_comes_in_pages_and_can_be_taken_up(world: World) -> None:
    """A reader that stopped somewhere goes on behind the last record it was given."""
    ids = people(world, "Ann", "Bob", "Cid", "Dan", "Eve")

    with world.client("shop") as client:
        first = client.customers.find(limit=2)
        assert ([one.id for one in first.items], first.next) == (ids[:2], ids[1])
        stream = client.customers.find_all(limit=2)
        assert [next(stream).id, next(stream).id, next(stream).id] == ids[:3]
        assert stream.position == ids[2]
        rest = client.customers.find_all(after=stream.position, limit=2)
        assert [one.id for one in rest] == ids[3:]
        assert [one.id for one in stream] == ids[3:]


def test_what_is_not_there_is_told_by_code(world: World) -> None:
    """Deleted, merged and unknown records, and requests outside the contract."""
    ann, bob, cid = people(world, "Ann", "Bob", "Cid")
    world.customers.merge(ann, into=bob)
    world.customers.delete(cid)

    with world.client("shop") as client:
        assert client.customers.get(ann).id == bob
        assert [one.id for one in client.customers.get_many([ann, bob, cid])] == [bob]
        codes = []
        for call in (
            lambda: client.customers.get(cid),
            lambda: client.products.get(1),
            lambda: client.products.get(),
            lambda: client.customers.find(limit=501),
        ):
            with pytest.raises(RemoteError) as refused:
                call()
            codes.append(refused.value.code)

    missing = ["customer.not_found", "product.not_found"]
    assert codes == [*missing, "rpc.invalid_request", "rpc.invalid_request"]
    assert refused.value.detail == {"field": "$.limit"}


def test_an_answer_says_how_fresh_it_is(world: World) -> None:
    """A caller may set a limit, and is told the data's time when it is older."""
    (ann,) = people(world, "Ann")
    as_of = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    world.synced(as_of)

    with world.client("shop") as client:
        reply = client.call(CUSTOMER_GET, GetById(id=ann))
        assert (reply.value.name, reply.as_of) == ("Ann", as_of)
        assert client.customers.get(ann, max_staleness=7200).name == "Ann"
        with pytest.raises(RemoteError) as stale:
            client.customers.find(max_staleness=60)

    assert stale.value.code == "rpc.too_stale"
    assert stale.value.detail == {"as_of": as_of.isoformat(), "max_staleness": 60.0}


def test_before_the_first_sync_nothing_is_fresh(world: World) -> None:
    """An empty center does not pass for an up-to-date one."""
    world.synced(None)

    with world.client("shop") as client:
        assert client.customers.find().items == []
        with pytest.raises(RemoteError) as stale:
            client.customers.find(max_staleness=1e6)

    assert (stale.value.code, stale.value.detail["as_of"]) == ("rpc.too_stale", None)


def test_a_missing_center_is_told_soon(world: World) -> None:
    """Repetitions do not make an app wait for its whole timeout; the other center answers."""
    world.stop_center("user_center")
    before = time.monotonic()

    with world.client("shop") as client:
        with pytest.raises(RemoteError) as missing:
            client.customers.get(1)
        assert client.products.find().items == []

    assert (missing.value.code, missing.value.retryable) == ("rpc.no_server", True)
    assert time.monotonic() - before < 3


def test_a_call_ends_with_the_work_it_is_made_for(world: World) -> None:
    """Inside work whose deadline has passed no call is begun."""
    (ann,) = people(world, "Ann")

    with world.client("shop") as client:
        with working(Work(deadline=time.time() + 5)):
            assert client.customers.get(ann, timeout=60).name == "Ann"
        with working(Work(deadline=time.time() - 0.01)), pytest.raises(RemoteError) as late:
            client.customers.get(ann, timeout=60)

    assert late.value.code == "rpc.deadline_exceeded"
