"""What every converter promises, on values that it is made for and on hostile ones."""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mappings import CompiledMapping
from mappings.converters import converters
from mappings.quick import ENOUGH_ROWS
from mappings.reverse import reverse_of
from mappings.values import Refused
from midspan.kernel.errors import RecordError
from tests.mappings.helpers import compiled, entity, field, translate, write
from tests.mappings.interpreter import interpret
from tests.mappings.strategies import BOUNDED, CASES, Case
from tests.mappings.test_quick import told

BACK = [case for case in CASES if converters()[case.name].reverse is not None]
HEAD = "mapping: m\nentity: thing/1\nfields:\n"
CONTROLS = frozenset(map(chr, (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xD800)))
CODE = re.compile(r"mapping\.[a-z_.]+")


def outcome(convert: Callable[[Any], Any], value: Any) -> tuple[str, Any]:
    """Return what becomes of a value, as a thing that is equal to itself only."""
    try:
        found = convert(value)
    except Refused as refused:
        told = type(value) is str and len(value) > 4 and value in refused.message
        return "refused", "its message holds the value" if told else refused.code
    return type(found).__name__, str(found)


def interpreted(mapping: CompiledMapping, rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, Any]]:
    """Return what the plain interpreter makes of each row, as ``told`` tells it."""
    records = [dict(zip(mapping.sources, row, strict=True)) for row in rows]
    made = [interpret(mapping.mapping, record) for record in records]
    return [
        (way, [(type(value), str(value)) for value in said]) if way == "row" else (way, said)
        for way, said in made
    ]


def mapping_of(case: Case, folder: Path) -> CompiledMapping:
    """Return a mapping whose field x goes through the converter, and y holds what x depends on."""
    options = json.dumps(case.options, default=float)
    text = (
        f"mapping: m\nentity: thing/1\nfields:\n  x: {{path: A, via: {{{case.name}: {options}}}}}\n"
    )
    fields = [field("x", converters()[case.name].gives)]
    if case.others:
        text, fields = f"{text}  y: OF\n", [*fields, field("y")]
    return compiled(write(folder, text), entity(*fields))


def is_canonical(kind: str, value: Any) -> bool:
    """Return whether a field of the kind would take the value as it is."""
    if kind == "string":
        return type(value) is str
    if kind == "decimal":
        plain = f"{value:f}"
        trails = plain == "-0" or ("." in plain and plain.endswith("0"))
        return (
            type(value) is Decimal and Decimal(plain).as_tuple() == value.as_tuple() and not trails
        )
    if kind == "datetime":
        return type(value) is datetime and value.tzinfo is UTC
    return type(value) is {"integer": int, "boolean": bool, "date": date}[kind]


def is_printable(text: str) -> bool:
    """Return whether a text needs no look at its characters."""
    return text.isascii() and text.isprintable()


def is_stored(text: str) -> bool:
    """Return whether a field's text is in its canonical form."""
    return unicodedata.is_normalized("NFC", text) and CONTROLS.isdisjoint(text)


def test_every_converter_has_values_to_be_tried_on() -> None:
    """A converter without a strategy of its own fails here."""
    assert {case.name for case in CASES} == set(converters())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_gives_a_canonical_value_or_refuses(case: Case) -> None:
    """Of its declared kind, as a field takes it; nothing but a refusal is ever raised."""
    convert, again, converter = case.made(), case.made(), converters()[case.name]

    @BOUNDED
    @given(case.any_values)
    def holds(value: Any) -> None:
        first = outcome(convert, value)

        assert first == outcome(again, value) == outcome(convert, value)
        if first[0] == "refused":
            assert CODE.fullmatch(first[1])
        elif first[0] != "NoneType":
            assert is_canonical(converter.gives, convert(value))
            assert not converter.settled or is_printable(first[1])

    holds()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_compiled_mapping_does_the_same(case: Case, tmp_path: Path) -> None:
    """Row by row, in a large batch column by column, and interpreted."""
    mapping = mapping_of(case, tmp_path)
    columns = mapping.sources
    mapping.translate(columns, [(None,) * len(columns)] * ENOUGH_ROWS)

    @settings(BOUNDED, max_examples=3)
    @given(some.lists(case.any_values, min_size=8, max_size=8))
    def holds(values: list[Any]) -> None:
        rows = [(value, *case.others) for value in values]
        wanted = interpreted(mapping, rows)

        assert told(mapping.translate(columns, rows), len(rows)) == wanted
        exact = CompiledMapping(mapping.mapping)
        assert told(exact.translate(columns, rows), len(rows)) == wanted
        for way, row in wanted:
            assert way != "row" or row[0][0] is type(None) or is_stored(row[0][1])

    holds()


@pytest.mark.parametrize("case", BACK, ids=str)
def test_the_way_back_leads_to_the_same_value(case: Case) -> None:
    """forward(back(forward(x))) == forward(x), for all that the converter is made for."""
    forward, back = case.made(), case.made_back()

    @BOUNDED
    @given(case.values)
    def holds(value: Any) -> None:
        try:
            canonical = forward(value)
        except Refused:
            return
        if canonical not in (None, ""):
            assert forward(back(canonical)) == canonical

    holds()


@pytest.mark.parametrize("case", BACK, ids=str)
def test_a_hostile_value_comes_back_the_same_or_not_at_all(case: Case, tmp_path: Path) -> None:
    """What cannot be written in the declared form is refused; nothing else is written for it."""
    mapping = mapping_of(case, tmp_path)
    back, names = reverse_of(mapping.mapping), mapping.entity.field_names

    @settings(BOUNDED, max_examples=8)
    @given(case.any_values)
    def holds(value: Any) -> None:
        done = mapping.translate(mapping.sources, [(value, *case.others)])
        for row in done.rows:
            try:
                record = back.write(dict(zip(names, row, strict=True)))
            except RecordError:
                continue
            assert translate(mapping, record).rows == [row]

    holds()


def test_every_way_back_is_tried() -> None:
    """A converter that gets a way back is tried here, too; one without says what is lost."""
    for name, converter in converters().items():
        assert (converter.reverse is not None) == (name in {case.name for case in BACK})
        assert converter.reverse is not None or converter.loses


LOSSY: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "lower": ({}, "A", "a"),
    "upper": ({}, "A", "a"),
    "collapse": ({}, "a  b", "a b"),
    "clean": ({}, "a\x00", "a"),
    "split": ({}, "a b", "a c"),
    "slice": ({"length": 1}, "ab", "ac"),
    "unpad": ({}, "01", "1"),
    "replace": ({}, "a-b", "ab"),
    "null_if": ({"values": ("-", "n/a")}, "-", "n/a"),
    "repair": ({}, "MÃ¼ller", "Müller"),
    "round": ({}, Decimal("1.001"), Decimal("1.002")),
    "money": ({"currency": "JPY"}, Decimal("1.1"), Decimal("1.2")),
    "quantity": ({"to": "KGM", "unit": "g", "places": 0}, 1, 2),
    "email": ({}, "A@b.example", "a@b.example"),
    "language": ({}, "de_AT", "de_DE"),
    "salutation": ({}, "Frau", "Mrs"),
    "name_part": ({"part": "family"}, "Anna Weiß", "Max Weiß"),
    "street_part": ({"part": "street"}, "Ring 1", "Ring 2"),
}


def test_what_is_said_to_be_lost_is_lost() -> None:
    """Of two source values that differ in it, one cannot come back."""
    assert set(LOSSY) == {name for name, one in converters().items() if one.loses}

    for name, (options, one, other) in LOSSY.items():
        convert = Case(name, options, some.nothing()).made()
        assert one != other
        assert convert(one) == convert(other), name
