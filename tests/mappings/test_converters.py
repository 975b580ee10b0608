"""Each converter gives one canonical form for all spellings, and refuses what has none."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.converters import converters
from mappings.values import Refused
from tests.mappings.test_named_things import NAMED

VIENNA = {"zone": "Europe/Vienna"}
LONG = Decimal("1" * 42 + "." + "5" * 18)
LOCAL_1900 = datetime(1900, 1, 1)  # noqa: DTZ001 as a database hands out local times
GAP_FORWARD = datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
GAP_BACK = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)
FOLD_OVER = datetime(2024, 10, 27, 2, 30, tzinfo=UTC)

GOOD: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("trim", {}, "  a b ", "a b"),
    ("lower", {}, "ÄB", "äb"),
    ("upper", {}, "äb", "ÄB"),
    ("collapse", {}, " a \t b\u00a0c ", "a b c"),
    ("clean", {}, "M&uuml;ller &amp; S\x00ohn", "Müller & Sohn"),
    ("text", {}, 42, "42"),
    ("text", {}, Decimal("9.50"), "9.5"),
    ("text", {}, True, "true"),
    ("decimal", {}, "12.50", Decimal("12.5")),
    ("decimal", {}, "-0.00", Decimal(0)),
    ("decimal", {}, ".50", Decimal("0.5")),
    ("decimal", {}, "12.50-", Decimal("-12.5")),
    ("decimal", {}, " 100 ", Decimal(100)),
    ("decimal", {}, 19.9, Decimal("19.9")),
    ("decimal", {}, Decimal("1E+2"), Decimal(100)),
    ("decimal", {}, "", None),
    ("decimal", {"mark": ",", "grouping": "."}, "1.234.567,80", Decimal("1234567.8")),
    ("decimal", {"implied_places": 2}, "001250", Decimal("12.5")),
    ("decimal", {"implied_places": 2}, "5", Decimal("0.05")),
    ("decimal", {"implied_places": 2}, 1250, Decimal("12.5")),
    ("decimal", {}, "1" * 40 + ".25", Decimal("1" * 40 + ".25")),
    ("integer", {}, " 007 ", 7),
    ("integer", {}, "-12", -12),
    ("integer", {}, Decimal("3.00"), 3),
    ("boolean", {}, "J", True),
    ("boolean", {}, " Nein ", False),
    ("boolean", {}, "1", True),
    ("boolean", {}, 0, False),
    ("boolean", {}, False, False),
    ("boolean", {}, " ", None),
    ("boolean", {}, -1, True),
    ("boolean", {}, ".F.", False),
    ("boolean", {}, "Sí", True),
    ("boolean", {}, "OFF", False),
    ("null_if", {"values": ("-", "n/a")}, " N/A ", None),
    ("null_if", {"values": ("-", "n/a")}, "a-", "a-"),
    ("date", {}, "2025-01-31", date(2025, 1, 31)),
    ("date", {"format": "%Y%m%d"}, "20250131", date(2025, 1, 31)),
    ("date", {"format": "%d.%m.%Y"}, "1.2.2025", date(2025, 2, 1)),
    ("date", {}, date(2025, 1, 31), date(2025, 1, 31)),
    ("date", {"format": "%Y%m%d"}, "09990101", date(999, 1, 1)),
    ("date", {"format": "%Y%m%d", "empty": ("0001-01-01",)}, "00010101", None),
    ("text", {}, Decimal("0.0000001"), "0.0000001"),
    ("datetime", {}, "2025-01-31T12:00:00+01:00", datetime(2025, 1, 31, 11, tzinfo=UTC)),
    ("datetime", VIENNA, "2025-07-01T12:00:00", datetime(2025, 7, 1, 10, tzinfo=UTC)),
    ("datetime", VIENNA, "2024-10-27T02:30:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ("datetime", VIENNA, "2024-10-27 03:30:00.25", datetime(2024, 10, 27, 2, 30, 0, 250000, UTC)),
    ("datetime", VIENNA, "2025-01-31", datetime(2025, 1, 30, 23, tzinfo=UTC)),
    ("datetime", VIENNA, "20250131T120000", datetime(2025, 1, 31, 11, tzinfo=UTC)),
    ("datetime", VIENNA, "2025-01-31T12:00:00-05:00", datetime(2025, 1, 31, 17, tzinfo=UTC)),
    ("datetime", VIENNA, "2025-01-31T12:00:00Z", datetime(2025, 1, 31, 12, tzinfo=UTC)),
    ("datetime", VIENNA, " 2025-01-31T12:00 ", datetime(2025, 1, 31, 11, tzinfo=UTC)),
    (
        "datetime",
        VIENNA | {"fold": "later"},
        "2024-10-27T02:30:00",
        datetime(2024, 10, 27, 1, 30, tzinfo=UTC),
    ),
    ("datetime", VIENNA | {"gap": "forward"}, "2025-03-30T02:30:00", GAP_FORWARD),
    ("datetime", VIENNA | {"gap": "back"}, "2025-03-30T02:30:00", GAP_BACK),
    ("datetime", VIENNA | {"fold": "refuse"}, "2024-10-27T03:30:00", FOLD_OVER),
    ("date", {"empty": ("0000-00-00", "9999-12-31")}, "0000-00-00", None),
    ("date", {"empty": ("0000-00-00", "9999-12-31")}, date(9999, 12, 31), None),
    ("date", {"format": "%d.%m.%Y", "empty": ("9999-12-31",)}, "31.12.9999", None),
    ("date", {"empty": ("9999-12-31",)}, "2025-01-31", date(2025, 1, 31)),
    ("datetime", {"empty": ("0000-00-00 00:00:00",)}, "0000-00-00 00:00:00", None),
    ("datetime", {"empty": ("1900-01-01",), **VIENNA}, LOCAL_1900, None),
    ("datetime", {"epoch": "s"}, 1735689600, datetime(2025, 1, 1, tzinfo=UTC)),
    ("datetime", {"epoch": "s"}, "1735689600.5", datetime(2025, 1, 1, 0, 0, 0, 500000, UTC)),
    ("datetime", {"epoch": "ms"}, Decimal(1735689600001), datetime(2025, 1, 1, 0, 0, 0, 1000, UTC)),
    ("datetime", {"epoch": "ms", "empty": ("0",)}, 0, None),
    ("boolean", {"yes": ("X",), "no": ("", "-")}, "x", True),
    ("boolean", {"yes": ("X",), "no": ("", "-")}, "", False),
    ("boolean", {"yes": ("2",), "no": ("1",)}, 1, False),
    ("round", {"places": 2}, Decimal("2.675"), Decimal("2.68")),
    ("round", {"places": 2, "rounding": "half_even"}, Decimal("2.665"), Decimal("2.66")),
    ("round", {"places": 0, "rounding": "down"}, Decimal("-2.9"), Decimal(-2)),
    (
        "round",
        {"places": 18},
        Decimal("1" * 42 + "." + "5" * 18),
        Decimal("1" * 42 + "." + "5" * 18),
    ),
    ("scale", {"by": Decimal("0.001")}, 1250, Decimal("1.25")),
    ("scale", {"by": Decimal(-1)}, Decimal("9" * 60), Decimal("-" + "9" * 60)),
    ("split", {"separator": ",", "part": 1}, "Graz, Styria", "Styria"),
    ("split", {"part": -1}, "Anna Maria Weiß", "Weiß"),
    ("split", {"part": 1, "limit": 1}, "Anna Maria Weiß", "Maria Weiß"),
    ("split", {"part": 5}, "a b", None),
    ("slice", {"start": 2, "length": 3}, "AT123X", "123"),
    ("slice", {"start": -3, "length": 3}, "AT123", "123"),
    ("slice", {"start": -3, "length": 1}, "AT123", "1"),
    ("pad", {"length": 10}, "4711", "0000004711"),
    ("unpad", {}, "0000004711", "4711"),
    ("unpad", {}, "000", "0"),
    ("replace", {"find": " ", "by": ""}, "A 1 2", "A12"),
    ("repair", {}, "MÃ¼ller", "Müller"),
    ("repair", {}, "\u00e2\u201a\u00ac 5", "€ 5"),
    ("repair", {}, "Ã\x81rpád", "Ã\x81rpád"),
    ("repair", {}, "Ã\x81rp", "Árp"),
    ("repair", {}, "Müller", "Müller"),
    ("repair", {"written": "cp850", "read": "latin-1"}, "M\x81ller", "Müller"),
    ("decode", {"encoding": "cp273"}, "Köln".encode("cp273"), "Köln"),
    ("language", {}, "DE", "de"),
    ("language", {}, "de_AT", "de"),
    ("language", {}, "pt-BR", "pt"),
    ("email", {}, " Kaethe.Weiss@Example.ORG ", "kaethe.weiss@example.org"),
    ("email", {}, "o'neil+shop@mail.example.co.uk", "o'neil+shop@mail.example.co.uk"),
    ("email", {}, "a@Straße.example", "a@straße.example"),
    ("email", {}, "  ", None),
    ("phone", {}, "+43 664 1234567", "+436641234567"),
    ("phone", {}, "0043-664-1234567", "+436641234567"),
    ("phone", {"country": "AT"}, "0664/123 45 67", "+436641234567"),
    ("tax_id", {}, "atu 1358.5627", "ATU13585627"),
    ("tax_id", {"country": "AT"}, "U13585627", "ATU13585627"),
    ("tax_id", {}, "CHE-107.787.577 IVA", "CHE107787577MWST"),
    ("tax_id", {}, "CHE-107.787.577", "CHE107787577"),
    ("tax_id", {"country": "GR"}, "094259216", "EL094259216"),
    ("tax_id", {}, "GB 980 7806 84", "GB980780684"),
    ("tax_id", {"country": "BR"}, "11.222.333/0001-81", "BR11222333000181"),
    ("tax_id", {}, "BR11222333000181", "BR11222333000181"),
    ("tax_id", {"country": "MX"}, "GODE561231GR8", "MXGODE561231GR8"),
    ("tax_id", {"country": "AR"}, "20-05536168-2", "AR20055361682"),
    ("tax_id", {"country": "MX"}, "ATU13585627", "ATU13585627"),
]

BAD: list[tuple[str, dict[str, Any], Any, str]] = [
    ("decimal", {}, "1e5", "mapping.decimal.invalid"),
    ("decimal", {}, "NaN", "mapping.decimal.invalid"),
    ("decimal", {}, "12,50", "mapping.decimal.invalid"),
    ("decimal", {}, "١٢", "mapping.decimal.invalid"),
    ("decimal", {}, "1_000", "mapping.decimal.invalid"),
    ("decimal", {}, "-", "mapping.decimal.invalid"),
    ("decimal", {}, float("inf"), "mapping.decimal.invalid"),
    ("decimal", {}, Decimal("1E+99999"), "mapping.decimal.invalid"),
    ("decimal", {"mark": ",", "grouping": "."}, "1.23,50", "mapping.decimal.invalid"),
    ("decimal", {"implied_places": 2}, "000000O4l50", "mapping.decimal.invalid"),
    ("integer", {}, "1.5", "mapping.integer.invalid"),
    ("integer", {}, "9223372036854775808", "mapping.integer.invalid"),
    ("integer", {}, Decimal("1.5"), "mapping.integer.invalid"),
    ("boolean", {}, "maybe", "mapping.boolean.invalid"),
    ("boolean", {}, 2, "mapping.boolean.invalid"),
    ("date", {}, "2025-02-30", "mapping.date.invalid"),
    ("date", {"format": "%Y%m%d"}, "2025131", "mapping.date.invalid"),
    ("datetime", {}, "2025-01-31T12:00:00", "mapping.datetime.invalid"),
    ("datetime", VIENNA, "2025-03-30T02:30:00", "mapping.datetime.gap"),
    ("datetime", VIENNA | {"fold": "refuse"}, "2024-10-27T02:30:00", "mapping.datetime.fold"),
    ("datetime", VIENNA, "2026-13-45T10:00:00", "mapping.datetime.invalid"),
    ("datetime", VIENNA, "0001-01-01T00:00:00", "mapping.datetime.invalid"),
    ("datetime", {}, 1735689600, "mapping.datetime.invalid"),
    ("datetime", {"epoch": "s"}, "NaN", "mapping.datetime.invalid"),
    ("datetime", {"epoch": "s"}, 10**30, "mapping.datetime.invalid"),
    ("datetime", {"epoch": "s"}, "1E+999999999999999999", "mapping.datetime.invalid"),
    ("datetime", {"epoch": "s"}, "1_0", "mapping.datetime.invalid"),
    ("boolean", {"yes": ("X",), "no": ("-",)}, "J", "mapping.boolean.invalid"),
    ("round", {}, Decimal("Infinity"), "mapping.decimal.invalid"),
    ("scale", {"by": Decimal(10)}, Decimal("9" * 60 + ".5"), "mapping.decimal.invalid"),
    ("decode", {"encoding": "ascii"}, b"caf\xe9", "mapping.decode.invalid"),
    ("language", {}, "??", "mapping.language.unknown"),
    ("language", {}, "deu", "mapping.language.unknown"),
    ("email", {}, "not-an-email", "mapping.email.invalid"),
    ("email", {}, "a..b@example.org", "mapping.email.invalid"),
    ("email", {}, "a@b@example.org", "mapping.email.invalid"),
    ("email", {}, "a@-x.example", "mapping.email.invalid"),
    ("email", {}, "x" * 65 + "@example.org", "mapping.email.invalid"),
    ("phone", {}, "see paper file", "mapping.phone.invalid"),
    ("phone", {}, "0664 1234567", "mapping.phone.invalid"),
    ("phone", {}, "+43 1", "mapping.phone.invalid"),
    ("tax_id", {}, "ATU13585628", "mapping.tax_id.invalid"),
    ("tax_id", {"country": "US"}, "ATU13585628", "mapping.tax_id.invalid"),
    ("tax_id", {"country": "BR"}, "11.222.333/0001-82", "mapping.tax_id.invalid"),
    ("tax_id", {}, "13585627", "mapping.tax_id.invalid"),
    ("tax_id", {}, "XX12345678", "mapping.tax_id.invalid"),
]


def convert(name: str, options: dict[str, Any], value: Any) -> Any:
    converter = converters()[name]
    return converter.make(converter.options(**options))(value)


@pytest.mark.parametrize(("name", "options", "value", "canonical"), GOOD)
def test_every_spelling_becomes_the_canonical_value(
    name: str, options: dict[str, Any], value: Any, canonical: Any
) -> None:
    """What one value may look like in a source becomes one value, of the declared type."""
    converted = convert(name, options, value)

    assert converted == canonical
    assert type(converted) is type(canonical)
    assert str(converted) == str(canonical)


@pytest.mark.parametrize(("name", "options", "value", "code"), BAD)
def test_what_has_no_canonical_form_is_refused(
    name: str, options: dict[str, Any], value: Any, code: str
) -> None:
    """A value without meaning is refused by code, and the message does not repeat it."""
    with pytest.raises(Refused) as caught:
        convert(name, options, value)

    assert caught.value.code == code
    assert str(value) not in caught.value.message


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("decimal", {"mark": "x"}),
        ("decimal", {"grouping": "."}),
        ("decimal", {"implied_places": -1}),
        ("date", {"format": "yyyymmdd"}),
        ("date", {"format": "%d.%m.%Q"}),
        ("scale", {"by": Decimal(0)}),
        ("scale", {"by": Decimal("NaN")}),
        ("datetime", {"zone": "Europe/Viena"}),
        ("datetime", {"epoch": "s", "zone": "Europe/Vienna"}),
        ("boolean", {"yes": ("X",), "no": ("x",)}),
        ("round", {"places": 19}),
        ("split", {"separator": ""}),
        ("slice", {"length": 0}),
        ("pad", {"fill": "00"}),
        ("unpad", {"fill": ""}),
        ("replace", {"find": ""}),
        ("repair", {"read": "cp12520"}),
        ("decode", {"encoding": "hex"}),
        ("null_if", {"values": ()}),
        ("money", {}),
        ("money", {"currency": "EURO"}),
        ("quantity", {"to": "KGM", "unit": "LTR"}),
        ("quantity", {"to": "box", "unit": "kg"}),
        ("quantity", {"to": "KGM"}),
        ("quantity", {"to": "KGM", "unit": "g", "places": 19}),
        ("phone", {"country": "Austria"}),
        ("tax_id", {"country": "Austria"}),
    ],
)
def test_impossible_options_are_refused_before_any_row(name: str, options: dict[str, Any]) -> None:
    """An option that cannot be meant is an error of the mapping, not of each row."""
    with pytest.raises(ValueError, match=r"is|known|names|measure|says"):
        converters()[name].make(converters()[name].options(**options))


@pytest.mark.parametrize("name", sorted(converters()))
def test_every_converter_is_described_and_has_examples(name: str) -> None:
    """No converter is without a summary, a good example and a sentence of its own."""
    assert converters()[name].summary.endswith(".")
    assert any(example[0] == name for example in (*GOOD, *NAMED))
