"""Golden files keep every value with its type."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mappings.proving.masks import Masker
from mappings.proving.spelling import restored, spelling, storable

VALUES: list[Any] = [
    None,
    True,
    0,
    -(2**63),
    1.5,
    float("inf"),
    "Süß\u2028\n",
    Decimal("12.50"),
    Decimal("NaN"),
    date(2025, 1, 31),
    datetime(2025, 1, 31, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2025, 1, 31, 12),  # noqa: DTZ001 - sources have local times
    time(8, 15),
    timedelta(days=-1, microseconds=7),
    b"\x00\xff",
    UUID(int=7),
    {"a": [1, {"b": Decimal(1)}]},
    {"$decimal": "no number"},
    {},
    [],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    """With its type, in one line."""
    back = restored(storable(value))

    assert (repr(back), type(back)) == (repr(value), type(value))
    assert "\n" not in spelling(value)


def test_what_has_no_spelling_is_refused() -> None:
    """Rather than written as something else."""
    with pytest.raises(TypeError):
        spelling(object())


MASKED = [
    "Käthe",
    "de la Cruz",
    "kaethe.weiss@example.org",
    "0664 1234567",
    "12345 Weg",
    "ÅÇ",
    "山田",
    "Иван",
    42,
    Decimal("-12.50"),
    1.25,
    date(1970, 5, 1),
    datetime(1970, 5, 1, 8, 30, tzinfo=UTC),
    date(1, 1, 1),
    b"Weiss",
]


@pytest.mark.parametrize("value", MASKED, ids=repr)
def test_a_mask_is_another_value_of_the_same_type(value: Any) -> None:
    """Each of the first stand-ins differs from the value, and is as long as it."""
    stand_ins = [one for one, _ in zip(Masker(b"key").stand_ins(value), range(20), strict=False)]

    assert len(stand_ins) == 20
    assert all(one != value and type(one) is type(value) for one in stand_ins)
    if isinstance(value, str) and "@" not in value:
        assert {len(one) for one in stand_ins} == {len(value)}


@pytest.mark.parametrize("text", ["Käthe Weißenbacher", "12345 Weg", "St. Pölten 3100 Haus"])
def test_no_letter_of_a_word_stays_where_it_was(text: str) -> None:
    """So that no word survives, whichever stand-in is taken."""
    for stand_in, _ in zip(Masker(b"key").stand_ins(text), range(50), strict=False):
        kept = [
            old for old, new in zip(text, stand_in, strict=True) if old.isalpha() and old == new
        ]
        assert kept == []


@pytest.mark.parametrize("value", [None, "", True, b""])
def test_what_tells_nothing_has_no_mask(value: Any) -> None:
    """A missing value, or one of two."""
    assert list(Masker(b"key").stand_ins(value)) == []
