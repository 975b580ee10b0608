"""Chooses how one column becomes a field's value: by what the field is, and by its country.

Whatever is chosen was tried on the sample first; a choice that takes few of the values says so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mappings.converters.registry import converters
from mappings.suggest import converting
from mappings.suggest.columns import Column
from mappings.suggest.converting import Converted
from mappings.suggest.matching import Match
from mappings.values import Refused
from shared_services.contracts.entities import FieldType

_FAIR = 0.5


def converted(field: FieldType, column: Column, matches: Mapping[str, Match]) -> Converted:
    """Return the expression that makes a field of one column, beside the columns of others."""
    by_name: dict[str, Callable[[], Converted]] = {
        "email": lambda: converting.best(column, ["email"]),
        "country": lambda: _codes(column, "country"),
        "currency": lambda: _codes(column, "currency"),
        "language": lambda: converting.language(column),
        "phone": lambda: by_country(column, "phone", matches),
        "tax_id": lambda: by_country(column, "tax_id", matches),
        "code": lambda: converting.text(column, "trim"),
        "product_code": lambda: converting.text(column, "trim"),
        "unit": lambda: _unit(column),
    }
    if field.name in by_name:
        return by_name[field.name]()
    by_kind: dict[str, Callable[[Column], Converted]] = {
        "decimal": converting.decimal,
        "boolean": converting.boolean,
        "date": converting.day,
        "integer": lambda one: converting.best(one, ["integer"]),
        "datetime": lambda one: converting.best(one, ["datetime"]),
    }
    if field.kind in by_kind:
        return by_kind[field.kind](column)
    wide = field.max_length is not None and field.max_length > 20
    return converting.text(column, "collapse" if wide else "trim")


def _codes(column: Column, converter: str) -> Converted:
    found = converting.best(column, [converter])
    if found.share is not None and found.share < _FAIR:
        note = f"{converter} knows few of these values: add a lookup table"
        return Converted(found.expression, found.share, note)
    return found


def _unit(column: Column) -> Converted:
    if "unit" in converters():
        found = converting.best(column, ["unit"])
        if (found.share or 0) >= _FAIR:
            return found
    made = converting.text(column, "trim")
    return Converted(
        made.expression, None, "the source's own words: a lookup table makes codes of them"
    )


def by_country(column: Column, name: str, matches: Mapping[str, Match]) -> Converted:
    """Return a converter's expression that knows the country where that helps."""
    found = converting.best(column, [name])
    country = matches.get("country")
    if found.share is None or found.share == 1:
        return found
    if country is not None:
        found = _beside_country(column, name, country.pair.column, found)
    if (found.share or 0.0) >= _FAIR:
        return found
    note = f"numbers without a country's code need one: {{{name}: {{country: XX}}}}"
    return Converted(found.expression, found.share, note)


def _beside_country(column: Column, name: str, place: Column, found: Converted) -> Converted:
    """Return the better of what was found and of options that take the country from a column."""
    if place.profile.country_code >= _FAIR:
        option = {name: {"country_from": place.path}}
        beside = _share_beside(name, option[name], column, place)
        if beside > (found.share or 0.0):
            found = Converted(converting.read(column.path, via=option), beside)
    usual = converting.commonest_country(place.profile)
    if usual:
        return converting.best(column, [name, {name: {"country": usual}}], found)
    return found


def _share_beside(name: str, options: Any, column: Column, place: Column) -> float:
    found = converters()[name]
    function = found.make(found.options(**options))
    taken = total = 0
    for value, country in zip(column.values, place.values, strict=True):
        if not isinstance(value, str) or not value.strip():
            continue
        total += 1
        try:
            taken += function(value, country) is not None
        except Refused:
            continue
    return taken / total if total else 0.0
