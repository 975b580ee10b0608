"""A draft loads, its converters fit the sampled values, and it never shows one of a person."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import yaml

from mappings.suggest import Sample, render, suggest, try_out
from mappings.suggest.matching import assign
from mappings.suggest.naming import shared_prefix
from mappings.suggest.vocabulary import vocabulary
from mappings.suggest.words import take_apart
from midspan.kernel.errors import MidspanError, UnknownName

PEOPLE = {
    "KdNr": ["1", "2", "3", "4"],
    "Art": ["P", "F", "P", "F"],
    "Vorname": ["Anna", "", "Peter", ""],
    "Nachname": ["Weiß", "", "Krüger", ""],
    "Firma": ["", "Gruber Holzbau GmbH", "", "Voß AG"],
    "EMail": ["anna@weiss.example", "office@gruber.example", "", "voss@voss.example"],
    "Telefon": ["0664 1234567", "0316 123456", "+49 30 901820", ""],
    "UStID": ["", "ATU13585627", "", "DE136695976"],
    "Strasse": ["Am Graben", "Hauptstraße", "Lange Gasse", "Goethestraße"],
    "HausNr": ["1", "22a", "3", "14"],
    "PLZ": ["8010", "8020", "10115", "50667"],
    "Ort": ["Graz", "Graz", "Berlin", "Köln"],
    "Land": ["AT", "AT", "DE", "DE"],
    "Geloescht": ["", "X", "", ""],
}


def drafted(columns, entity="", stream="t"):
    rows = list(zip(*columns.values(), strict=True))
    return suggest(Sample("s", stream, tuple(columns), rows), entity)


def expressions(columns, entity="", stream="t"):
    return {one.field: one.expression for one in drafted(columns, entity, stream).lines}


def test_parts_of_a_field_are_put_together():
    """A name from three columns, a street with its number, and what each depends on."""
    fields = expressions(PEOPLE)

    assert fields["name"] == {
        "coalesce": ["Firma", {"concat": ["Vorname", "Nachname"], "separator": " "}],
        "via": "collapse",
    }
    assert fields["street"]["concat"] == ["Strasse", "HausNr"]
    assert fields["phone"]["via"] == {"phone": {"country_from": "Land"}}
    assert fields["kind"]["when"][0]["if"] == {"path": "Art", "in": ["F"]}
    assert fields["active"]["when"][0] == {
        "if": {"path": "Geloescht", "missing": False},
        "then": {"const": False},
    }


def test_signs_and_words_among_values_hide_no_price():
    """Half of the currencies are signs, and a third of the prices is a word for none."""
    columns = {
        "ArtNr": [f"A-{n:04}" for n in range(30)],
        "Bezeichnung": [f"Schraube M{n} verzinkt" for n in range(30)],
        "VK_Preis": [("k.A.", "1.234,50", f"0,{n + 10}")[n % 3] for n in range(30)],
        "Waehrung": ["EUR" if n % 2 else "€" for n in range(30)],
    }

    fields = expressions(columns, "product")

    assert fields["list_price"]["path"] == "VK_Preis"
    assert fields["currency"] == {"path": "Waehrung", "via": "currency"}


def test_padding_is_no_mark_and_no_name():
    """Columns of a fixed length are filled with blanks, and those say nothing."""
    padded = {name: [f"{one:8}" for one in values] for name, values in PEOPLE.items()}
    del padded["Art"]

    done = try_out(drafted(padded))
    fields = expressions(padded)

    assert (done.translated, done.refused) == (4, ())
    assert fields["kind"]["when"][0]["if"] == {"path": "Firma", "via": "trim", "missing": True}
    assert fields["name"]["coalesce"][0] == {"path": "Firma", "via": "trim"}
    assert fields["active"]["when"][0]["if"]["via"] == "trim"


def test_a_draft_translates_the_sample_it_came_from():
    """Every row of an orderly one; the trial says so."""
    draft = drafted(PEOPLE)

    assert try_out(draft) == try_out(draft)
    assert (try_out(draft).rows, try_out(draft).translated) == (4, 4)


def test_no_value_of_a_person_is_in_a_draft():
    """Neither in comments nor in expressions; codes that conditions compare are."""
    text = render(drafted(PEOPLE), "t", try_out(drafted(PEOPLE)))
    personal = ("EMail", "Telefon", "Nachname", "Vorname", "Strasse", "Ort", "PLZ", "UStID")

    assert not [one for name in personal for one in PEOPLE[name] if one and one in text]


@pytest.mark.parametrize(
    ("values", "option"),
    [
        (["31.01.2024", "01.02.2024"], {"date": {"format": "%d.%m.%Y"}}),
        (["20240131", "20240201"], {"date": {"format": "%Y%m%d"}}),
        (["01/31/2024", "02/01/2024"], {"date": {"format": "%m/%d/%Y"}}),
        (["31/01/2024", "01/02/2024"], {"date": {"format": "%d/%m/%Y"}}),
        (["2024-01-31", "2024-02-01"], "date"),
        ([date(2024, 1, 31), date(2024, 2, 1)], "date"),
        (
            ["2024-01-31", "0000-00-00"],
            {"date": {"empty": ["0000-00-00"]}},
        ),
    ],
)
def test_a_dates_format_is_told_by_its_values(values, option):
    """Day before month or after it, too; stand-ins for no date are declared."""
    columns = {"article": ["A-1", "B-2"], "price": ["1.5", "2.5"], "valid from": values}

    assert expressions(columns, "price")["valid_from"]["via"] == option


def test_a_format_that_could_be_two_says_so():
    """A person has to decide what the sample does not."""
    columns = {"article": ["A-1", "B-2"], "price": ["1.5", "2.5"], "valid from": ["01/02/2024"] * 2}
    line = next(one for one in drafted(columns, "price").lines if one.field == "valid_from")

    assert any("the other way round" in one for one in line.evidence)


@pytest.mark.parametrize(
    ("values", "option"),
    [
        (["12.50", "3.10"], "decimal"),
        (["12,50", "3,10"], {"decimal": {"mark": ","}}),
        (["1.012,50", "3,10"], {"decimal": {"mark": ",", "grouping": "."}}),
        (["1,012.50", "3.10"], {"decimal": {"grouping": ","}}),
        (["00001250", "00000310"], {"decimal": {"implied_places": 2}}),
        ([Decimal("12.5"), Decimal("3.1")], "decimal"),
    ],
)
def test_a_numbers_marks_are_told_by_its_values(values, option):
    """Comma or point, grouped or padded with zeros."""
    columns = {"article no": ["A-1", "B-2"], "text": ["Blue pen", "Red pen"], "price": values}

    assert expressions(columns, "product")["list_price"]["via"] == option


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("KUNDENNUMMER", ("kunden", "nummer")),
        ("custNo", ("cust", "no")),
        ("Straße", ("strasse",)),
        ("kod_pocztowy", ("kod", "pocztowy")),
        ("VAT Registration No_", ("vat", "registration", "no")),
        ("C.P.", ("cp",)),
        ("BillingPostalCode", ("billing", "postal", "code")),
        ("Raison sociale", ("raison", "sociale")),
    ],
)
def test_names_are_taken_apart(name, words):
    """However their systems write them."""
    assert take_apart(name, vocabulary()).words == words


def test_a_prefix_of_all_columns_is_none_of_their_names():
    """Letters without a separator, as old tables have them."""
    assert shared_prefix(["CMNAME", "CMCITY", "CMZIPC", "CMMAIL", "CMVATN"]) == "CM"
    assert shared_prefix(["name", "city", "zip", "mail", "vat"]) == ""


def test_columns_are_assigned_for_the_greatest_sum():
    """The best column of a slot is given up where that gains more elsewhere."""
    assert assign([[0.9, 0.8], [0.9, 0.1]]) == [1, 0]
    assert assign([[0.0, 0.0], [0.5, 0.0]]) == [None, 0]
    assert assign([]) == []


def test_what_looks_like_nothing_is_no_entity():
    """A stream of measurements is not forced to be a customer."""
    columns = {"at": ["2024-01-01T10:00:00", "2024-01-01T10:00:05"], "volts": ["1.2", "1.3"]}

    with pytest.raises(MidspanError, match=r"suggest\.no_entity"):
        drafted(columns)
    with pytest.raises(UnknownName, match=r"suggest\.unknown_entity"):
        drafted(columns, "custmer")


HOSTILE: dict[str, list[object]] = {
    "": ["a", "b"],
    "it's": ["a", "b"],
    "a.b[0]": ["x@y.example", "z@y.example"],
    "name\n- evil: true": ["Anna Weiß", "Peter Krüger"],
    "# comment": [b"\x00\xff", None],
    "nothing": [None, None],
    "mixed": [1, "two"],
    "nested": [{"deep": {"deeper": {"deepest": {"x": 1}}}}, None],
    "list": [[], [1, 2, 3]],
    "when": [datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1)],
    "long" * 60: ["x" * 5000, ""],
    "nan": [float("nan"), Decimal("Infinity")],
    "Имя": ["Иван", "Ольга"],
}


@pytest.mark.parametrize("entity", ["customer", "product", "price"])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_whatever_columns_hold_the_draft_is_yaml_that_says_what_it_lacks(entity, rows):
    """Hostile names and odd values neither crash it nor break its file."""
    columns = {name: values[:rows] for name, values in HOSTILE.items()}
    sample = Sample("s", "t", tuple(columns), list(zip(*columns.values(), strict=True)))

    draft = suggest(sample, entity)
    told = yaml.safe_load(render(draft, "t"))
    trial = try_out(draft)

    assert set(told) <= {"mapping", "entity", "source", "fields", "ignore"}
    assert len(trial.problems) == len(draft.missing) or not draft.lines
    assert set(told["ignore"]) <= set(columns)


def test_values_tell_what_names_do_not():
    """Check digits, addresses and codes stand for themselves, whatever their columns are called."""
    opaque = {f"F{n:03}": values for n, values in enumerate(PEOPLE.values())}
    paths = {one.field: one.columns for one in drafted(opaque, "customer").lines}
    place = {name: f"F{n:03}" for n, name in enumerate(PEOPLE)}

    assert paths["email"] == (place["EMail"],)
    assert paths["tax_id"] == (place["UStID"],)


def test_a_fax_is_no_telephone():
    """A column that is better explained by something else is left out, with that as the reason."""
    columns = {"name": ["Gruber GmbH", "Voß AG"], "fax number": ["+43 316 123456", "+49 30 901820"]}
    draft = drafted(columns, "customer")

    assert "phone" not in {one.field for one in draft.lines}
    assert {one.column: one.why for one in draft.ignored}["fax number"] == "looks like a fax number"
