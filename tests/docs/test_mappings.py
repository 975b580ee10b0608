"""docs/it/mappings.md gives the whole mapping language; its converter examples come true."""

import dataclasses
from datetime import date, datetime
from importlib import import_module
from typing import Any

import pytest

from config.binding import bind
from config.tree import parse_tree
from mappings import conditions, expressions
from mappings.converters import Converter, converters
from mappings.converters.registry import NoOptions
from mappings.lists import EachEntry
from mappings.lookup_reader import LookupOptions
from mappings.reader import MappingFile
from midspan.kernel.errors import Problem
from tests.docs.pages import ROOT, checked_tables, words
from tests.docs.test_config import _default

PAGE = ROOT / "docs" / "it" / "mappings.md"
CONVERTERS = {words(row[0])[0]: row for row in checked_tables(PAGE, "converters")[""]}
TABLES = checked_tables(PAGE, "keys")


def _plain(text: str) -> Any:
    return parse_tree(text.encode(), PAGE).plain()


def test_every_converter_is_documented_and_no_other() -> None:
    """A converter that is added, renamed or removed fails here."""
    assert set(CONVERTERS) == set(converters())


@pytest.mark.parametrize("converter", converters().values(), ids=lambda one: one.name)
def test_a_converter_takes_and_gives_what_is_said(converter: Converter) -> None:
    """Types of the values it takes, and the kind it gives."""
    row = CONVERTERS[converter.name]

    assert row[1].split(", ") == [one.__name__ for one in converter.takes]
    assert row[2] == converter.gives


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
