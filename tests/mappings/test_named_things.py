"""Countries, currencies, units, people and streets are known by all their usual names."""

from decimal import Decimal
from typing import Any

import pytest

from mappings.converters import converters
from mappings.converters.codes import COUNTRIES, CURRENCIES
from mappings.values import Refused

Case = tuple[str, dict[str, Any], Any, Any]

PLACES: list[Case] = [
    ("country", {}, value, code)
    for code, values in {
        "AT": (" at ", "AUT", "040", 40, "Österreich", "OESTERREICH", "Autriche", "austria"),
        "DE": ("Deutschland", "Allemagne", "Alemania", "Niemcy", "Germany", "BRD", "DEU"),
        "CH": ("Schweiz", "Suisse", "Svizzera", "Zwitserland", "Switzerland"),
        "GB": ("UK", "Großbritannien", "Great Britain", "England", "U.K.", "826"),
        "GR": ("EL", "Griechenland", "GRC"),
        "NL": ("Holland", "The Netherlands", "Pays-Bas"),
        "US": ("USA", "Etats-Unis", "United States of America"),
        "CI": ("Côte d'Ivoire", "cote d ivoire", "Elfenbeinküste"),
    }.items()
    for value in values
]
MONIES: list[Case] = [
    ("currency", {}, value, code)
    for code, values in {
        "EUR": ("eur", "€", "Euro", "978", 978),
        "CHF": ("chf", "SFr.", "Schweizer Franken", "franc suisse"),
        "USD": ("US$", "US-Dollar", "840"),
        "GBP": ("£", "Pfund Sterling"),
        "PLN": ("zł", "złoty polski", "zloty polski"),
    }.items()
    for value in values
]
UNITS: list[Case] = [
    ("unit", {}, value, code)
    for code, values in {
        "H87": ("Stk", "STK.", "Stück", "PCE", "pièces", "szt."),
        "KGM": ("kg", "KGM", "Kilogramm"),
        "LTR": ("L", "Liter", "litros"),
        "MTK": ("m²", "m2", "qm"),
        "XCT": ("Karton", "CTN"),
        "P1": ("%",),
    }.items()
    for value in values
]
AMOUNTS: list[Case] = [
    ("money", {"currency": "EUR"}, Decimal("2.675"), Decimal("2.68")),
    ("money", {"currency": "JPY", "rounding": "down"}, Decimal("2.9"), Decimal(2)),
    ("money", {"currency": "KWD"}, Decimal("2.6755"), Decimal("2.676")),
    ("quantity", {"unit": "g", "to": "KGM"}, 250, Decimal("0.25")),
    ("quantity", {"unit": "KGM", "to": "lb", "places": 3}, 1, Decimal("2.205")),
    ("quantity", {"unit": "m3", "to": "l"}, Decimal("0.5"), Decimal(500)),
    ("quantity", {"unit": "dozen", "to": "piece"}, 2, Decimal(24)),
]
PARTS: dict[str, dict[str, str | None]] = {
    "Herr Dr. Max Mustermann, MBA": {
        "salutation": "Herr",
        "title": "Dr.",
        "given": "Max",
        "family": "Mustermann",
        "suffix": "MBA",
        "full": "Max Mustermann",
    },
    "Frau Prof. Dr. med. Anna-Lena von der Leyen": {
        "title": "Prof. Dr. med.",
        "given": "Anna-Lena",
        "family": "von der Leyen",
    },
    "Mustermann, Dr. Max": {"title": "Dr.", "given": "Max", "family": "Mustermann"},
    "Di Caprio, Leonardo": {"given": "Leonardo", "family": "Di Caprio", "title": None},
    "Dipl.-Ing. (FH) Franz Huber": {"title": "Dipl.-Ing. (FH)", "given": "Franz"},
    "Herr und Frau Berger": {"salutation": "Herr und Frau", "given": None},
    "Cher": {"given": None, "family": "Cher"},
    "Smith Jr.": {"family": "Smith", "suffix": "Jr."},
    "  ": {"family": None},
}
PEOPLE: list[Case] = [
    *(
        ("name_part", {"part": part}, name, value)
        for name, parts in PARTS.items()
        for part, value in parts.items()
    ),
    ("name_part", {"part": "given", "order": "family_first"}, "NAGY Anna Mária", "Anna Mária"),
    ("name_part", {"part": "family", "order": "family_first"}, "van Dam Kees", "van Dam"),
    ("salutation", {}, "Herrn Dr.", "mr"),
    ("salutation", {}, "Mme", "ms"),
    ("salutation", {}, "FIRMA", "company"),
    ("salutation", {}, " ", None),
]
STREETS: list[Case] = [
    ("street_part", {"part": part}, line, value or None)
    for line, values in {
        "Hauptstraße 12a": ("Hauptstraße", "12a", ""),
        "Am Graben 1/2/3": ("Am Graben", "1/2/3", ""),
        "Straße des 17. Juni 135": ("Straße des 17. Juni", "135", ""),
        "Musterweg Nr. 7": ("Musterweg", "7", ""),
        "Ring 12 bis 14": ("Ring", "12 bis 14", ""),
        "Mariahilfer Straße 10 Top 5": ("Mariahilfer Straße", "10", "Top 5"),
        "12 bis rue de la Paix": ("rue de la Paix", "12 bis", ""),
        "221B Baker Street, Apt 4": ("Baker Street", "221B", "Apt 4"),
        "Calle Mayor, 5, 2º B": ("Calle Mayor", "5", "2º B"),
        "Via Roma 12/A": ("Via Roma", "12/A", ""),
        "Postfach 12 34": ("Postfach 12 34", "", ""),
        "Rathaus": ("Rathaus", "", ""),
    }.items()
    for part, value in zip(("street", "number", "addition"), values, strict=True)
]
NAMED = [*PLACES, *MONIES, *UNITS, *AMOUNTS, *PEOPLE, *STREETS]

REFUSED: list[tuple[str, dict[str, Any], Any, str]] = [
    ("country", {}, "XX", "mapping.country.unknown"),
    ("country", {}, "Kongo", "mapping.country.unknown"),
    ("country", {}, "Korea", "mapping.country.unknown"),
    ("country", {}, 999, "mapping.country.unknown"),
    ("currency", {}, "ZZQ", "mapping.currency.unknown"),
    ("currency", {}, "$", "mapping.currency.unknown"),
    ("currency", {}, "kr", "mapping.currency.unknown"),
    ("unit", {}, "xyz", "mapping.unit.unknown"),
    ("salutation", {}, "Herr Weiß", "mapping.salutation.unknown"),
]


def convert(name: str, options: dict[str, Any], *values: Any) -> Any:
    converter = converters()[name]
    return converter.make(converter.options(**options))(*values)


@pytest.mark.parametrize(("name", "options", "value", "canonical"), NAMED)
def test_every_usual_name_is_known(
    name: str, options: dict[str, Any], value: Any, canonical: Any
) -> None:
    """Codes, numbers, signs, abbreviations and names in several languages become one value."""
    converted = convert(name, options, value)

    assert (converted, str(converted)) == (canonical, str(canonical))


@pytest.mark.parametrize(("name", "options", "value", "code"), REFUSED)
def test_what_may_mean_two_things_is_refused(
    name: str, options: dict[str, Any], value: Any, code: str
) -> None:
    """Nothing is guessed: a sign or name that several share is no name."""
    with pytest.raises(Refused) as caught:
        convert(name, options, value)

    assert caught.value.code == code
    assert str(value) not in caught.value.message


def test_every_country_is_known_by_its_other_codes_and_every_currency_by_its_number() -> None:
    """No code of the lists is left without its numeric one, and none leads elsewhere."""
    from babel.core import get_global

    aliases = get_global("territory_aliases")
    numbers = {code for code, to in aliases.items() if code.isdigit() and to[0] in COUNTRIES}

    assert {convert("country", {}, code) for code in numbers if len(aliases[code]) == 1} == set(
        COUNTRIES
    )
    assert {code for code in CURRENCIES if convert("currency", {}, code) == code} == set(CURRENCIES)


@pytest.mark.parametrize(
    ("name", "options", "value", "other", "wanted"),
    [
        ("money", {"currency_from": "W"}, Decimal("9.995"), "JPY", Decimal(10)),
        (
            "money",
            {"currency_from": "W", "currency": "EUR"},
            Decimal("1.005"),
            None,
            Decimal("1.01"),
        ),
        ("quantity", {"unit_from": "M", "to": "KGM"}, 500, "Gramm", Decimal("0.5")),
        ("phone", {"country_from": "L"}, "0664 1234567", "Österreich", "+436641234567"),
        ("phone", {"country_from": "L", "country": "AT"}, "0664 1234567", "?", "+436641234567"),
        ("tax_id", {"country_from": "L"}, "U13585627", "AUT", "ATU13585627"),
        ("quantity", {"unit_from": "M", "unit": "t", "to": "KGM"}, 1, "", Decimal(1000)),
    ],
)
def test_a_row_says_its_own_currency_unit_and_country(
    name: str, options: dict[str, Any], value: Any, other: Any, wanted: Any
) -> None:
    """What stands in another column of the row comes before what is declared for all."""
    assert convert(name, options, value, other) == wanted


@pytest.mark.parametrize(
    ("name", "options", "other"),
    [
        ("money", {"currency_from": "W"}, None),
        ("quantity", {"unit_from": "M", "to": "KGM"}, None),
        ("quantity", {"unit_from": "M", "to": "KGM"}, "Karton"),
        ("quantity", {"unit_from": "M", "to": "KGM"}, "l"),
    ],
)
def test_an_amount_without_a_fitting_unit_is_refused(
    name: str, options: dict[str, Any], other: Any
) -> None:
    """A number that could be anything is no quantity."""
    with pytest.raises(Refused) as caught:
        convert(name, options, Decimal(1), other)

    assert caught.value.code == f"mapping.{name}.invalid"
