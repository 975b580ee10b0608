"""What hypothesis tries on each converter: values that it is made for, and hostile ones.

A run draws the same values every time, so that a failure is the change's and not the day's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.strategies import SearchStrategy

from mappings.converters import converters

BOUNDED = settings(
    max_examples=12, derandomize=True, deadline=None, database=None, print_blob=False
)
VIENNA = {"zone": "Europe/Vienna"}
STAMP = "%Y-%m-%d %H:%M:%S%z"
EARLIEST = datetime(1900, 1, 1)  # noqa: DTZ001 - hypothesis wants it naive
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001

TEXT = some.text(max_size=20)
WORDS = some.text(alphabet="aAbBäÄß &;<0 -\t", max_size=12)
NUMBERS = some.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4)
DIGITS = some.integers(0, 10**12).map(lambda one: f"{one:012}")
DAYS = some.dates()
INSTANTS = some.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=some.just(UTC))
LOCAL = some.datetimes(min_value=EARLIEST, max_value=LATEST)

FAR = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
HOSTILE_TEXTS = (
    *("\x00", "a\x00b", "\ud800", "x\udfff", "\ufffe", "\u202eabc\u202c", "\u2066x\u2069"),
    *("\x1b[31m", "\x85", "\x1c", "\u2028", "\xa0", "\u200b", "\u0301", "e\u0301", "\ufeff1"),
    *("x" * 5_000, "9" * 5_000, "-" * 3_000, "1" + ".0" * 2_000, "a." * 2_000 + "@x.example"),
    *("1E+999999999999999999", "1e-99999999999", "-Infinity", "sNaN", "NaN123", "0x10", "1_0"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-00-00", "24:00", "T", "Z"),
    *("&#0;&#x110000;&#xd800;&bogus;&amp;amp;", "%s%n{0}", "'; DROP TABLE x; --", "Ã¼", "ÃƒÂ¼"),
    *("+", "++43", "00", "+1" + "0" * 300, "@", "a@b", "..@..", ",,,", ", ,", "( (", "%", "9912"),
    *("a" * 64 + "@" + "b." * 90 + "example", "AT" + "U" * 40, "EL", "CH", "XI", "Ⅷ", "½", "²"),
    *("٣", "\uff11", "É" * 400, "İ", "ΑΣ", "ŉ", "ﬀ"),
)
HOSTILE_DECIMALS = ("sNaN", "-0", "1E+70", "1E-70", "1E+999999", "1E-999999999", "9" * 61)
HOSTILE: dict[type, SearchStrategy[Any]] = {
    str: some.one_of(some.sampled_from(HOSTILE_TEXTS), some.text(max_size=30)),
    bytes: some.one_of(some.binary(max_size=40), some.sampled_from([b"\xff\xfe\x00\xd8", b"+A"])),
    bool: some.booleans(),
    int: some.one_of(
        some.integers(),
        some.sampled_from([0, -1, 2**63, -(2**63), 10**70]),
        some.sampled_from([1, -1]).map(lambda sign: sign * 10**5_000),
    ),
    float: some.one_of(some.floats(), some.sampled_from([1e308, -0.0, 5e-324, 0.1 + 0.2])),
    Decimal: some.one_of(some.decimals(), some.sampled_from(HOSTILE_DECIMALS).map(Decimal)),
    date: DAYS,
    datetime: some.one_of(
        some.datetimes(timezones=some.one_of(some.none(), some.just(UTC))),
        some.sampled_from(FAR).map(lambda zone: datetime(1, 1, 1, tzinfo=zone)),
        some.sampled_from(FAR).map(lambda zone: datetime(9999, 12, 31, 23, tzinfo=zone)),
    ),
}


def comma(number: Decimal) -> str:
    return str(number).replace(".", ",")


def spelt(template: str) -> Callable[[date], str]:
    """Return a function that writes a day or an instant; early years keep their zeros."""
    return lambda one: one.strftime(template.replace("%Y", f"{one.year:04}"))


@dataclass(frozen=True, slots=True)
class Case:
    """A converter with options, and ``values`` that it is made for; most of them it takes.

    ``others`` is a value for each option that names a path.
    """

    name: str
    options: dict[str, Any]
    values: SearchStrategy[Any]
    others: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.name, *(f"{key}={value}" for key, value in self.options.items())))

    @property
    def any_values(self) -> SearchStrategy[Any]:
        """Values that it is made for, and whatever else may be of the types it takes."""
        takes = converters()[self.name].takes
        return some.one_of(self.values, *(HOSTILE[one] for one in takes))

    def made(self) -> Callable[[Any], Any]:
        """Return the converter's function, of its value alone."""
        convert = converters()[self.name].make(self.bound())
        return lambda value: convert(value, *self.others)

    def made_back(self) -> Callable[[Any], Any]:
        """Return the way back, of the canonical value alone."""
        reverse = converters()[self.name].reverse
        assert reverse is not None
        back = reverse(self.bound())
        return lambda value: back(value, *self.others)

    def bound(self) -> Any:
        """Return the options as the loader hands them over."""
        told = {k: tuple(v) if isinstance(v, list) else v for k, v in self.options.items()}
        return converters()[self.name].options(**told)


PEOPLE = some.sampled_from(
    [
        "Herr Dr. Max Mustermann, MBA",
        "Di Caprio, Leonardo",
        "Frau",
        "Anna von der Leyen",
        "Cher",
        ",",
    ]
)
STREETS = some.sampled_from(
    ["Hauptstraße 12a", "12 bis rue de la Paix", "Postfach 5", "Am Graben 1/2/3 Top 5", "1", "1 1"]
)
PHONES = some.sampled_from(["0664 1234567", "+43 1 58858", "0043-1-588", "+39 06 1234567", "911"])
TAX_IDS = some.sampled_from(["ATU 1358.5627", "U13585627", "de136695976", "CHE-107.787.577 IVA"])
AMOUNTS = some.one_of(NUMBERS, some.integers(-(10**12), 10**12))

CASES: tuple[Case, ...] = (
    Case("trim", {}, TEXT),
    Case("lower", {}, TEXT),
    Case("upper", {}, TEXT),
    Case("collapse", {}, TEXT),
    Case("clean", {}, some.text(alphabet="&<>amplt;#39 ä", max_size=16)),
    Case("split", {}, WORDS),
    Case("split", {"separator": "-", "part": -2, "limit": 3}, WORDS),
    Case("slice", {"start": 2, "length": 3}, WORDS),
    Case("slice", {"start": -3, "length": 5}, WORDS),
    Case("unpad", {}, some.text(alphabet="0a1", max_size=6)),
    Case("unpad", {"fill": " ", "side": "right"}, some.text(alphabet=" a1", max_size=6)),
    Case("pad", {"length": 5}, some.text(alphabet="0a1", max_size=8)),
    Case("pad", {"length": 5, "fill": " ", "side": "right"}, some.text(alphabet=" a1", max_size=8)),
    Case("replace", {"find": "-"}, WORDS),
    Case("replace", {"find": "aa", "by": "a"}, some.text(alphabet="ab", max_size=12)),
    Case("repair", {}, some.text(alphabet="äöÃ¼ÂƒâÅ\x81ab", max_size=8)),
    Case(
        "repair", {"written": "cp850", "read": "latin-1"}, some.text(alphabet="M\x81ä", max_size=5)
    ),
    Case("decode", {"encoding": "cp850"}, some.binary(max_size=12)),
    Case("decode", {"encoding": "utf-16"}, TEXT.map(lambda one: one.encode("utf-16", "replace"))),
    Case("null_if", {"values": ["-", "n/a"]}, some.sampled_from(["-", "N/A ", "kg", " "])),
    Case("text", {}, some.one_of(TEXT, some.integers(), NUMBERS, some.booleans())),
    Case("decimal", {}, some.one_of(AMOUNTS, NUMBERS.map(str))),
    Case("decimal", {"mark": ",", "grouping": "."}, NUMBERS.map(comma)),
    Case("decimal", {"implied_places": 2}, DIGITS),
    Case("scale", {"by": Decimal("0.001")}, NUMBERS),
    Case("round", {"places": 2}, NUMBERS),
    Case("round", {"places": 0, "rounding": "half_even"}, NUMBERS),
    Case("integer", {}, some.integers(-(2**63), 2**63 - 1)),
    Case("boolean", {}, some.sampled_from(["J", "n", 1, 0, True, "oui", "no"])),
    Case("boolean", {"yes": ["X", "J"], "no": ["-"]}, some.sampled_from(["x", "j", "-", True])),
    Case("date", {}, some.one_of(DAYS, DAYS.map(str))),
    Case("date", {"format": "%Y%m%d", "empty": ["00000000"]}, DAYS.map(spelt("%Y%m%d"))),
    Case("date", {"format": "%d.%m.%Y"}, DAYS.map(spelt("%d.%m.%Y"))),
    Case("datetime", {}, INSTANTS.map(datetime.isoformat)),
    Case("datetime", {"empty": ["1900-01-01"], **VIENNA}, LOCAL.map(datetime.isoformat)),
    Case(
        "datetime", {"fold": "later", "gap": "back", **VIENNA}, some.one_of(LOCAL, LOCAL.map(str))
    ),
    Case("datetime", {"format": STAMP}, INSTANTS.map(spelt(STAMP))),
    Case("datetime", {"epoch": "s"}, some.one_of(some.integers(-(10**9), 4 * 10**9), NUMBERS)),
    Case("datetime", {"epoch": "ms"}, some.integers(-(10**12), 4 * 10**12)),
    Case("email", {}, some.emails()),
    Case("phone", {"country": "AT"}, PHONES),
    Case("phone", {"country_from": "OF"}, PHONES, ("Italia",)),
    Case("tax_id", {"country": "AT"}, TAX_IDS),
    Case("tax_id", {"country_from": "OF"}, TAX_IDS, ("DE",)),
    Case("country", {}, some.sampled_from(["at", "DE", "Ch ", 40, "Österreich", "Kongo", "UK"])),
    Case("currency", {}, some.sampled_from(["eur", "CHF", "€", 978, "franc suisse", "$"])),
    Case("money", {"currency": "JPY"}, AMOUNTS),
    Case("money", {"currency_from": "OF", "rounding": "up"}, AMOUNTS, ("kwd",)),
    Case("quantity", {"unit": "g", "to": "KGM"}, AMOUNTS),
    Case("quantity", {"unit_from": "OF", "to": "lb", "places": 18}, AMOUNTS, ("t",)),
    Case("unit", {}, some.sampled_from(["Stk", "PCE", "kg ", "Liter", "m²"])),
    Case("language", {}, some.sampled_from(["de_AT.UTF-8", "EN", "fr-CH"])),
    Case("salutation", {}, some.sampled_from(["Herrn Dr.", "Mme", "FIRMA", "Herr Weiß"])),
    *(Case("name_part", {"part": part}, PEOPLE) for part in ("given", "family", "title")),
    Case("name_part", {"part": "full", "order": "family_first"}, PEOPLE),
    *(Case("street_part", {"part": part}, STREETS) for part in ("street", "number", "addition")),
)
