"""Records that are sent as lists of names and values.

Guarantee: every pair becomes a field under its own name; a name that stands twice holds a
list, and a pair without a name is an error, never left out.
"""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from adapters.soap.reading import is_array, require_all
from adapters.soap.scope import Scope
from adapters.soap.spec_lists import PairsSpec
from adapters.soap.untyped import TEXT, put
from midspan.kernel.errors import RecordError


def merged(value: Any, row: etree._Element, spec: PairsSpec, scope: Scope) -> dict[str, Any]:
    """Return a row's own values, with its pairs as fields instead of their list.

    A pair takes the place of a value of the row's own that has its name.
    """
    reply = scope.reply
    record: dict[str, Any] = {}
    if spec.at:
        first, *others = spec.at.split(".")
        if isinstance(value, Mapping):
            record = {name: one for name, one in value.items() if name != first}
        pairs = reply.named(row, first)
        for step in others:
            pairs = [child for parent in pairs for child in reply.named(parent, step)]
        pairs = [item for one in pairs for item in _items(one, scope)]
    else:
        pairs = _items(row, scope) if is_array(row) else list(reply.children(row))
    named: dict[str, Any] = {}
    repeated: set[str] = set()
    for pair in pairs:
        name = _part(pair, spec.name, scope)
        if name is None:
            raise RecordError(
                "soap.row_unreadable",
                f"a pair of the row has no name at '{spec.name}'",
                remedy="Correct the paths under pairs",
            )
        put(named, str(name), _part(pair, spec.value, scope), repeated)
    return record | named


def as_pairs(values: Mapping[str, Any], spec: PairsSpec) -> list[dict[str, Any]]:
    """Return a change's values in the form of a stream's pairs, as arguments."""
    name, value = (
        path.removeprefix("@").replace(".", "_value_1") for path in (spec.name, spec.value)
    )
    return [{name: key, value: one} for key, one in values.items()]


def _items(element: etree._Element, scope: Scope) -> list[etree._Element]:
    """Return the items of an encoded array; any other element alone."""
    if not is_array(element):
        return [element]
    items = list(scope.reply.children(element))
    require_all(element, len(items))
    return items


def _argument(path: str) -> str:
    """Return the name under which zeep takes an element, attribute or text."""
    return TEXT if path == "." else path.removeprefix("@")


def _part(pair: etree._Element, path: str, scope: Scope) -> Any:
    if path.startswith("@"):
        return pair.get(path[1:])
    if path == ".":
        return pair.text
    found = scope.reply.named(pair, path)
    return scope.read(found[0], scope.plans.untyped) if found else None
