"""What is written back stands in the source's own form; its properties are tried elsewhere."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings

from mappings.converters import converters
from tests.mappings.strategies import BOUNDED, INSTANTS, VIENNA

ZONE = ZoneInfo("Europe/Vienna")


def made(name: str, options: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    converter = converters()[name]
    chosen = converter.options(
        **{key: tuple(one) if isinstance(one, list) else one for key, one in options.items()}
    )
    assert converter.reverse is not None
    return converter.make(chosen), converter.reverse(chosen)


@settings(BOUNDED, max_examples=100)
@given(INSTANTS)
@example(datetime(2025, 10, 26, 0, 30, tzinfo=UTC))
@example(datetime(2025, 3, 30, 1, 0, tzinfo=UTC))
def test_a_local_time_comes_back_but_in_the_doubled_hour(instant: datetime) -> None:
    """There one of two instants cannot be written: it comes back an hour off, and is seen."""
    forward, back = made("datetime", VIENNA)

    found = forward(back(instant))

    assert found.astimezone(ZONE).replace(fold=0) == instant.astimezone(ZONE).replace(fold=0)
    assert found in (instant, instant - timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "options", "canonical", "source"),
    [
        ("date", {"format": "%d.%m.%Y"}, date(2025, 1, 31), "31.01.2025"),
        ("decimal", {"mark": ","}, Decimal("1234.5"), "1234,5"),
        ("decimal", {"implied_places": 2}, Decimal("19.9"), "1990"),
        ("datetime", VIENNA, datetime(2025, 7, 1, 10, tzinfo=UTC), datetime(2025, 7, 1, 12)),  # noqa: DTZ001
        ("datetime", {"epoch": "ms"}, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1000),
        ("boolean", {"yes": ["J"], "no": ["N"]}, False, "N"),
        ("clean", {}, "A & B", "A &amp; B"),
        ("pad", {}, "0000004711", "4711"),
        ("scale", {"by": Decimal("0.01")}, Decimal("19.9"), Decimal(1990)),
        ("decode", {"encoding": "cp850"}, "Köln", b"K\x94ln"),
    ],
)
def test_it_is_written_as_the_source_does(
    name: str, options: dict[str, Any], canonical: Any, source: Any
) -> None:
    """In the declared format, mark, zone, words or encoding."""
    assert made(name, options)[1](canonical) == source
