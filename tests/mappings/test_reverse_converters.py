"""For every value that a converter gives, its way back and then the converter give it again."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from mappings.converters import converters
from mappings.values import Refused

TEXT = some.text(max_size=20)
WORDS = some.text(alphabet="aAbBäÄß &;<0 -\t", max_size=12)
NUMBERS = some.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4)
DAYS = some.dates()
INSTANTS = some.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=some.just(UTC),
)
VIENNA = {"zone": "Europe/Vienna"}
ZONE = ZoneInfo("Europe/Vienna")
STAMP = "%Y-%m-%d %H:%M:%S%z"


def comma(number: Decimal) -> str:
    return str(number).replace(".", ",")


CASES: list[tuple[str, dict[str, Any], some.SearchStrategy[Any]]] = [
    ("trim", {}, TEXT),
    ("lower", {}, TEXT),
    ("upper", {}, TEXT),
    ("collapse", {}, TEXT),
    ("clean", {}, some.text(alphabet="&<>amplt;#39 ä", max_size=16)),
    ("unpad", {}, some.text(alphabet="0a1", max_size=6)),
    ("unpad", {"fill": " ", "side": "right"}, some.text(alphabet=" a1", max_size=6)),
    ("pad", {"length": 5}, some.text(alphabet="0a1", max_size=8)),
    ("pad", {"length": 5, "fill": " ", "side": "right"}, some.text(alphabet=" a1", max_size=8)),
    ("replace", {"find": "-"}, WORDS),
    ("repair", {}, some.text(alphabet="äöÃ¼ab", max_size=8)),
    ("decode", {"encoding": "cp850"}, some.binary(max_size=12)),
    ("text", {}, some.one_of(TEXT, some.integers(), NUMBERS, some.booleans())),
    ("decimal", {}, some.one_of(NUMBERS, some.integers(-(10**12), 10**12), NUMBERS.map(str))),
    ("decimal", {"mark": ",", "grouping": "."}, NUMBERS.map(comma)),
    ("decimal", {"implied_places": 2}, some.integers(0, 10**12).map(lambda one: f"{one:012}")),
    ("scale", {"by": Decimal("0.001")}, NUMBERS),
    ("round", {"places": 2}, NUMBERS),
    ("integer", {}, some.integers(-(2**63), 2**63 - 1)),
    ("boolean", {}, some.sampled_from(["J", "n", 1, 0, True, "oui", "no"])),
    ("boolean", {"yes": ["X", "J"], "no": ["-"]}, some.sampled_from(["x", "j", "-", True, False])),
    ("date", {}, some.one_of(DAYS, DAYS.map(str))),
    ("date", {"format": "%Y%m%d"}, DAYS.map(lambda day: f"{day.year:04}{day:%m%d}")),
    ("date", {"format": "%d.%m.%Y"}, DAYS.map(lambda day: f"{day:%d.%m.}{day.year:04}")),
    ("datetime", {}, INSTANTS.map(datetime.isoformat)),
    ("datetime", {"format": STAMP}, INSTANTS.map(lambda one: one.strftime(STAMP))),
    ("datetime", {"epoch": "s"}, some.one_of(some.integers(-(10**9), 4 * 10**9), NUMBERS)),
    ("datetime", {"epoch": "ms"}, some.integers(-(10**12), 4 * 10**12)),
    ("email", {}, some.emails()),
    ("phone", {"country": "AT"}, some.sampled_from(["0664 1234567", "+43 1 58858", "0043-1-588"])),
    ("tax_id", {"country": "AT"}, some.sampled_from(["ATU 1358.5627", "U13585627", "de136695976"])),
    ("country", {}, some.sampled_from(["at", "DE", "Ch "])),
    ("currency", {}, some.sampled_from(["eur", "CHF"])),
    ("money", {"currency": "JPY"}, NUMBERS),
    ("null_if", {"values": ["-", "n/a"]}, some.sampled_from(["-", "N/A ", "kg", " "])),
    ("unit", {}, some.sampled_from(["Stk", "PCE", "kg ", "Liter"])),
    ("language", {}, some.sampled_from(["de_AT.UTF-8", "EN", "fr-CH"])),
]  # fmt: skip


def made(name: str, options: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    converter = converters()[name]
    chosen = converter.options(
        **{key: tuple(one) if isinstance(one, list) else one for key, one in options.items()}
    )
    assert converter.reverse is not None
    return converter.make(chosen), converter.reverse(chosen)


@pytest.mark.parametrize(("name", "options", "values"), CASES)
def test_the_way_back_leads_to_the_same_value(
    name: str, options: dict[str, Any], values: some.SearchStrategy[Any]
) -> None:
    """forward(back(forward(x))) == forward(x), for whatever the converter takes."""
    forward, back = made(name, options)

    @settings(max_examples=30, deadline=None, database=None)
    @given(values)
    def holds(value: Any) -> None:
        try:
            canonical = forward(value)
        except Refused:
            return
        if canonical not in (None, ""):
            assert forward(back(canonical)) == canonical

    holds()


@settings(max_examples=100, deadline=None, database=None)
@given(INSTANTS)
@example(datetime(2025, 10, 26, 0, 30, tzinfo=UTC))
@example(datetime(2025, 3, 30, 1, 0, tzinfo=UTC))
def test_a_local_time_comes_back_but_in_the_doubled_hour(instant: datetime) -> None:
    """There one of two instants cannot be written: it comes back an hour off, and is seen."""
    forward, back = made("datetime", VIENNA)

    found = forward(back(instant))

    assert found.astimezone(ZONE).replace(fold=0) == instant.astimezone(ZONE).replace(fold=0)
    assert found in (instant, instant - timedelta(hours=1))


def test_every_way_back_is_tried() -> None:
    """A converter that gets a way back is tried here, too."""
    known = {name for name, one in converters().items() if one.reverse is not None}

    assert known == {name for name, _, _ in CASES}


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
