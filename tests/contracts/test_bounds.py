"""A number that no store can hold is refused at the door, not by a database behind it."""

import msgspec
import pytest

from shared_services.contracts.events import EntityEvent
from shared_services.contracts.methods import (
    FindCustomers,
    FindProducts,
    GetById,
    GetMany,
    GetProduct,
)

GREATEST = 2**63 - 1
EVENT = {"entity": "customer", "id": 1, "epoch": 1, "sequence": 1, "verb": "updated"}


@pytest.mark.parametrize(
    ("type_", "body", "name"),
    [
        (GetById, {}, "id"),
        (GetProduct, {}, "id"),
        (FindCustomers, {}, "after"),
        (FindProducts, {}, "after"),
        (EntityEvent, EVENT, "id"),
        (EntityEvent, EVENT, "sequence"),
        (EntityEvent, EVENT, "into"),
    ],
)
def test_numbers_are_those_a_store_can_hold(
    type_: type[msgspec.Struct], body: dict[str, object], name: str
) -> None:
    """From zero to the greatest of 64 bits; the next ones on either side are refused."""
    assert getattr(msgspec.convert({**body, name: GREATEST}, type_), name) == GREATEST
    for wrong in (GREATEST + 1, 2**80, -1):
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.json.decode(msgspec.json.encode({**body, name: wrong}), type=type_)


def test_each_of_many_ids_is_looked_at() -> None:
    """One wrong id in a list refuses the request."""
    with pytest.raises(msgspec.ValidationError, match="ids"):
        msgspec.json.decode(b'{"ids": [1, %d]}' % (GREATEST + 1), type=GetMany)
