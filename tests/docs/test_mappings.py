"""docs/it/mappings.md gives the whole mapping language; its converter examples come true."""

import dataclasses
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from config.binding import bind
from config.tree import parse_tree
from mappings import conditions, expressions
from mappings.converters import Converter, converters
from mappings.converters.registry import NoOptions
from mappings.lists import EachEntry
from mappings.lookup_reader import LookupOptions
from mappings.reader import MappingFile
from mappings.schema import mapping_schema
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import entity_types
from tests.docs.pages import ROOT, checked_tables, words
from tests.docs.test_config import _default

PAGE = ROOT / "docs" / "it" / "mappings.md"
CONVERTERS = {words(row[0])[0]: row for row in checked_tables(PAGE, "converters")[""]}
TABLES = checked_tables(PAGE, "keys")
WITH_OPTIONS = [one for one in converters().values() if one.options is not NoOptions]
TYPES: dict[Any, str] = {
    str: "text",
    int: "integer",
    int | None: "integer",
    Decimal: "number",
    tuple[str, ...]: "texts",
}


def _plain(text: str) -> Any:
    return parse_tree(text.encode(), PAGE).plain()


def shown_type(cls: type, name: str) -> str:
    """Return what an option holds, in words, or the values that it may have."""
    hint = get_type_hints(cls)[name]
    if any(name in one.paths for one in converters().values() if one.options is cls):
        return "path"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{one}`" if one else "empty" for one in get_args(hint))
    return TYPES[hint]


def shown_way_back(converter: Converter) -> str:
    """Return whether what a converter gives can be written back, and what is lost then."""
    if converter.reverse is None:
        return "none"
    return f"but for {converter.loses}" if converter.loses else "whole"


def test_every_converter_is_documented_and_no_other() -> None:
    """A converter that is added, renamed or removed fails here."""
    assert set(CONVERTERS) == set(converters())


@pytest.mark.parametrize("converter", converters().values(), ids=lambda one: one.name)
def test_a_converter_takes_and_gives_what_is_said(converter: Converter) -> None:
    """Types of the values it takes, the kind it gives, and what comes back of it."""
    row = CONVERTERS[converter.name]

    assert row[1].split(", ") == [one.__name__ for one in converter.takes]
    assert row[2] == converter.gives
    assert row[6] == shown_way_back(converter)


@pytest.mark.parametrize("converter", converters().values(), ids=lambda one: one.name)
def test_a_converters_example_comes_true(converter: Converter) -> None:
    """The example, with the options that stand before it if any, is the result."""
    *options, given = map(_plain, words(CONVERTERS[converter.name][4]))
    (wanted,) = map(_plain, words(CONVERTERS[converter.name][5]))
    problems: list[Problem] = []
    tree = parse_tree(str(options[0] if options else {}).encode(), PAGE)
    bound: Any = bind(tree, converter.options, problems)
    value = bytes.fromhex(given) if converter.takes == (bytes,) else given

    found = converter.make(bound)(value)

    shown = found.isoformat() if isinstance(found, date | datetime) else found
    assert (shown, problems) == (wanted, [])


def test_every_option_has_its_table() -> None:
    """Converters with options, and the file itself, have a table each."""
    files = {EachEntry, LookupOptions, MappingFile}
    classes = {one.options for one in converters().values()} - {NoOptions} | files

    assert set(TABLES) == {f"{cls.__module__}.{cls.__qualname__}" for cls in classes}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_gives_keys_and_defaults(name: str) -> None:
    """Key by key, in the schema's order, with the default that really holds."""
    module, _, cls = name.rpartition(".")
    fields = dataclasses.fields(getattr(import_module(module), cls))
    shown = [(words(row[0])[0], row[1]) for row in TABLES[name]]

    assert shown == [(field.name, _default(field)) for field in fields]


@pytest.mark.parametrize("converter", WITH_OPTIONS, ids=lambda one: one.name)
def test_an_options_type_is_told(converter: Converter) -> None:
    """What it holds, or the words that it may be."""
    rows = TABLES[f"{converter.options.__module__}.{converter.options.__qualname__}"]

    for row in rows:
        assert row[2] == shown_type(converter.options, words(row[0])[0])


def test_the_schema_knows_every_key_that_is_documented() -> None:
    """An editor proposes what the reader takes, and nothing else."""
    schema = mapping_schema(converters().values(), entity_types().values())
    defined = schema["$defs"]
    expression = {
        word for row in checked_tables(PAGE, "expression-keys")[""] for word in words(row[0])
    }
    tests = {
        word.partition(":")[0]
        for row in checked_tables(PAGE, "condition-tests")[""]
        for word in words(row[0])
    }

    assert set(defined["expression"]["anyOf"][1]["properties"]) == expression
    assert set(defined["field"]["anyOf"][1]["properties"]) == expression | {"on_error"}
    assert set(defined["condition"]["anyOf"][0]["properties"]) == expression | tests
    for subject, found in {MappingFile: schema, EachEntry: defined["each"]}.items():
        rows = TABLES[f"{subject.__module__}.{subject.__qualname__}"]
        assert set(found["properties"]) == {words(row[0])[0] for row in rows}
    for converter in WITH_OPTIONS:
        rows = TABLES[f"{converter.options.__module__}.{converter.options.__qualname__}"]
        known = defined[f"{converter.name} options"]["properties"]
        assert set(known) == {words(row[0])[0] for row in rows}


def test_every_way_to_meet_an_error_is_documented() -> None:
    """By the words that ``on_error`` may be."""
    told = PAGE.read_text().partition("A field may also say `on_error`")[2].partition("```")[0]

    assert {*words(told)} >= {*expressions.ON_ERROR}


def test_every_key_of_an_expression_is_documented() -> None:
    """Sources, their companions, and what is applied to them."""
    rows = checked_tables(PAGE, "expression-keys")[""]
    shown = {word for row in rows for word in words(row[0])}

    assert shown == set(expressions._KEYS)


def test_every_test_of_a_condition_is_documented() -> None:
    """Each stands before the value that it compares with."""
    rows = checked_tables(PAGE, "condition-tests")[""]
    shown = {word.partition(":")[0] for row in rows for word in words(row[0])}

    assert shown == set(conditions.TESTS)
