"""A sample of rows tells what a stream is: types, key and cursor candidates, with evidence."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import msgspec
import pytest

from adapters.discovery import describe
from midspan.kernel.catalog import CatalogField

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON = NOW.replace(tzinfo=None)


def column(values, name="value"):
    """Describe one column beside a plain key."""
    rows = [(number, value) for number, value in enumerate(values, 1)]
    return describe(["id", name], rows, now=NOW)


def best(described):
    """Return the best cursor that is not the key."""
    return next(one for one in described.cursors if one.fields != ("id",))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, None], "integer"),
        (["1", "22", "-3"], "integer"),
        (["007", "012", "100"], "string"),
        ([Decimal("1.5"), 2], "decimal"),
        (["1.50", "2", "-0.1"], "decimal"),
        (["1.234,50", "12,5"], "decimal"),
        ([1.5, 2], "float"),
        (["1e-3", "2.5"], "float"),
        ([True, False, None], "boolean"),
        (["yes", "No", "yes"], "boolean"),
        (["J", "N", "J"], "boolean"),
        (["T", "T", "T"], "string"),
        (["X", "", "X"], "boolean"),
        ([date(2026, 1, 1), None], "date"),
        ([date(2026, 1, 1), "0000-00-00"], "date"),
        (["2026-01-05", "2026-02-28"], "date"),
        (["05.01.2026", "28.02.2026"], "date"),
        (["01/28/2026", "02/28/2026"], "date"),
        (["20260105", "20260228", "00000000"], "string"),
        (["20260105", "20260228", "20251231", "00000000"], "date"),
        (["20260105", "20269999", "20251231"], "integer"),
        ([NOON, None], "datetime"),
        (["2026-01-05T10:00:00Z", "2026-01-05 10:00:00.5+01:00"], "datetime"),
        (["2026-01-05 10:00:00", "2026-01-06 11:12:13.25"], "datetime"),
        (["05.01.2026 10:00", "28.02.2026 23:59"], "datetime"),
        (["1/28/2026 1:05:00 PM", "2/3/2026 12:00:00 AM"], "datetime"),
        (["20260105103000", "20260106103000"], "datetime"),
        ([time(10, 30)], "time"),
        (["10:30", "23:59:59"], "time"),
        ([b"\x00", memoryview(b"1")], "bytes"),
        ([{"a": 1}], "record"),
        ([[1], []], "list"),
        ([None, "", None], "unknown"),
        ([{"a": 1}, "text"], "unknown"),
        (["Graz", "Linz"], "string"),
        ([False, "Graz", False], "string"),
    ],
)
def test_a_type_is_told_from_values(values, expected):
    """Python's own values and texts alike; what can be meant in two ways is the weaker one."""
    assert column(values).fields[1].type == expected


def test_a_sample_without_rows_says_nothing_that_is_not_declared():
    """No type, no key, and what the source declares as it does."""
    told = CatalogField("name", "string", nullable=False, native="VARCHAR(40)", size=40)

    described = describe(["id", "name"], [], declared=[told])

    assert described.fields == (told, CatalogField("id", "unknown"))
    assert described.primary_key == ()
    assert described.key_evidence == "no row to tell a key by"


def test_what_the_source_declares_wins():
    """A code of digits that is declared as text stays one; an unknown type is inferred."""
    declared = [CatalogField("plz", "string"), CatalogField("since", "unknown", label="Since")]

    described = describe(["plz", "since"], [("8010", "2026-01-05")], declared=declared)

    assert described.fields[0].type == "string"
    assert described.fields[1] == CatalogField("since", "date", label="Since")


def test_members_of_nested_records_are_fields_under_their_whole_name():
    """As a mapping's path and a cursor name them."""
    rows = [(1, {"city": "Graz", "meta": {"changed": NOON}}), (2, None)]

    described = describe(["id", "address"], rows, now=NOW)

    assert {one.name: one.type for one in described.fields} == {
        "id": "integer",
        "address": "record",
        "address.city": "string",
        "address.meta": "record",
        "address.meta.changed": "datetime",
    }
    assert best(described).fields == ("address.meta.changed",)


@pytest.mark.parametrize(
    ("columns", "rows", "key", "evidence"),
    [
        (("name", "kunnr"), [("a", "7"), ("b", "8")], ("kunnr",), "unique and never null"),
        (("owner_id", "id"), [(1, 1), (2, 2)], ("id",), "unique and never null"),
        (("id", "code"), [(1, "a"), (None, "b")], ("code",), "unique and never null"),
        (("nr", "pos"), [(1, 1), (1, 2), (2, 1)], (), "no field and no pair"),
        (("nr", "pos_no"), [(1, 1), (1, 2), (2, 1)], ("nr", "pos_no"), "no single field is"),
        (("no", "mandt"), [(1, "1"), (1, "2")], ("mandt", "no"), "no single field is"),
        (("mandt", "no"), [("1", 1), ("1", 2)], ("no",), "add 'mandt'"),
        (("name", "town"), [("a", "x"), ("b", "x")], ("name",), "not named like a key"),
        (("at", "ok"), [(NOON, True), (NOON, False)], (), "no field and no pair"),
        (("id", "x"), [(1, 1)], ("id",), "one row only"),
    ],
)
def test_a_key_is_what_is_unique_and_never_null(columns, rows, key, evidence):
    """Names decide between several; a pair where no field is alone; never a date or a flag."""
    described = describe(columns, rows)

    assert described.primary_key == key
    assert evidence in described.key_evidence


def test_a_declared_key_is_taken_and_doubted_where_the_sample_contradicts():
    """A declaration that does not hold is told."""
    good = describe(["a", "b"], [(1, 1), (1, 2)], key=["a", "b"])
    bad = describe(["a", "b"], [(1, 1), (1, 2)], key=["a"])

    assert (good.primary_key, good.key_evidence) == (("a", "b"), "declared by the source")
    assert bad.key_evidence == "declared by the source, yet not unique in 2 rows"


def test_a_change_stamp_goes_before_every_other_date():
    """By name, nullness, recency and index; a day of business comes last."""
    rows = [
        (n, NOON - timedelta(minutes=3 + n * 37 % 100), NOON - timedelta(days=400 - n), NOON)
        for n in range(1, 101)
    ]

    described = describe(
        ["id", "updated_at", "created_at", "due_on"], rows, indexed={"updated_at"}, now=NOW
    )
    first, *rest = described.cursors

    assert first.fields == ("updated_at",)
    assert first.score > 0.9
    assert first.evidence == (
        "named like a change stamp",
        "never empty in 100 rows",
        "does not say its zone",
        "newest value 3 minutes before the source's clock",
        "indexed",
    )
    assert rest[0].fields == ("created_at",)
    assert "goes up with the key: rather a creation stamp" in rest[0].evidence
    assert all(one.score < 0.5 for one in rest)


def test_a_stamp_that_is_empty_until_the_first_change_falls_back_to_the_creation():
    """Both fields, in the order in which they are tried."""
    rows = [(n, NOON if n % 5 == 0 else False, NOON - timedelta(days=n)) for n in range(1, 41)]

    first = describe(["id", "write_date", "create_date"], rows, now=NOW).cursors[0]

    assert first.fields == ("write_date", "create_date")
    assert "empty in 32 of 40 rows" in first.evidence
    assert "where write_date is empty create_date is not" in first.evidence


@pytest.mark.parametrize("changed", [None, "", "   ", "00000000", "0000-00-00"])
def test_a_fallback_that_misses_rows_is_none(changed):
    """A creation stamp that is empty as well proves nothing."""
    rows = [(n, "20260102", "20260101") for n in range(1, 9)] + [(9, changed, changed)]

    described = describe(["id", "write_date", "create_date"], rows)

    assert all(len(one.fields) == 1 for one in described.cursors)


@pytest.mark.parametrize(
    ("none", "changed", "stamp", "empty"),
    [
        ("00000000", 8, "202601{:02d}", ()),
        ("00000000", 0, "202601{:02d}", ()),
        ("", 8, "202601{:02d}", ()),
        ("0000-00-00 00:00:00", 8, "2026-01-{:02d} 10:00:00", ()),
        ("0000-00-00 00:00:00", 0, "2026-01-{:02d} 10:00:00", ()),
        ("1900-01-01 00:00:00", 8, "2026-01-{:02d} 10:00:00", ("1900-01-01",)),
        ("19000101", 8, "202601{:02d}", ("1900-01-01",)),
        ("01.01.1970", 8, "{:02d}.01.2026", ("1970-01-01",)),
        (date(9999, 12, 31), 8, date(2026, 1, 1), ("9999-12-31",)),
        (0, 8, 1772366000, (0,)),
    ],
)
def test_a_stamp_that_is_empty_in_another_way_falls_back_as_well(none, changed, stamp, empty):
    """What the cursor has to declare is said; zeros are known also where nothing was changed."""

    def at(number):
        if isinstance(stamp, str):
            return stamp.format(number)
        return stamp + (timedelta(days=number) if isinstance(stamp, date) else number)

    rows = [(n, at(n) if n <= changed else none, at(n)) for n in range(1, 21)]

    first = describe(["id", "AEDAT", "ERDAT"], rows).cursors[0]

    assert (first.fields, first.empty) == (("AEDAT", "ERDAT"), empty)
    assert any("stands for no stamp" in one for one in first.evidence) == bool(empty)


@pytest.mark.parametrize(
    ("values", "kind", "form", "evidence"),
    [
        (["2026-02-28 10:00:00"] * 2, "datetime", "%Y-%m-%d %H:%M:%S", "does not say its zone"),
        (["2026-02-28T10:00:00Z"] * 2, "datetime", None, "newest value 1 day before"),
        (["28.02.2026 10:00"] * 2, "datetime", "%d.%m.%Y %H:%M", "do not sort by time"),
        (["02/03/2026"] * 2, "date", "%m/%d/%Y", "day and month cannot be told apart"),
        ([date(2026, 2, 28)] * 2, "date", None, "ties within the day"),
        ([date(2099, 1, 1)] * 2, "date", None, "after the source's clock"),
        ([NOON + timedelta(hours=1)] * 2, "datetime", None, "as a local time would be"),
        ([1772366000, 1772366001], "integer", None, "counts seconds since 1970"),
        ([1772366000000, 1772366001000], "integer", None, "counts milliseconds since 1970"),
        ([NOON] * 10, "datetime", None, "the same wherever it is filled"),
    ],
)
def test_a_cursor_says_its_form_and_what_speaks_against_it(values, kind, form, evidence):
    """The format that the configuration wants, and doubts in words."""
    cursor = best(column(values, "changed"))

    assert (cursor.type, cursor.format) == (kind, form)
    assert evidence in "; ".join(cursor.evidence)


def test_a_key_that_counts_up_is_the_weakest_cursor():
    """It finds new records alone, and says so."""
    (cursor,) = column(["a", "b"]).cursors

    assert cursor.fields == ("id",)
    assert cursor.score < 0.3
    assert "never changed ones" in cursor.evidence[0]


def test_no_value_of_a_sample_is_kept():
    """Neither in fields nor in evidence: a catalog may be shown to everybody."""
    rows = [
        (4711, "ada@example.com", "Lovelace", "1815-12-10", {"street": "Ockham 1"}),
        (4712, "alan@example.com", "Turing", "1912-06-23", {"street": "Maida 2"}),
    ]

    described = describe(["id", "mail", "name", "birthday", "address"], rows, now=NOW)
    text = msgspec.json.encode(described).decode()

    for secret in ("4711", "ada", "Lovelace", "1815", "Ockham", "Turing", "1912"):
        assert secret not in text
