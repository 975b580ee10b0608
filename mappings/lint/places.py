"""Where each part of an expression stands in its file, but for the fields of a list's items.

The walk goes through the file's tree as the reader did: ``via``, ``lookup`` and ``default`` are
applied to the source beside them. A part without a place of its own has that of what holds it.
"""

from collections.abc import Iterator
from typing import Any

from config.tree import Node
from mappings.model import Case, Choose, Convert, Default, Each, Guarded, Lookup, Read
from mappings.walking import CONDITIONS, children_of

Placed = tuple[Any, Node]


def placed(expression: Any, node: Node) -> Iterator[Placed]:
    """Yield an expression's parts with their places: the whole first, conditions left out."""
    steps = _items(node.get("via"))
    while True:
        match expression:
            case Guarded(of=of):
                yield expression, node.get("on_error") or node
            case Default(of=of):
                yield expression, node.get("default") or node
            case Lookup(of=of, at=at):
                place = node.get("lookup") or node
                yield expression, place
                if at is not None:
                    yield from placed(at, place.get("at") or place)
            case Convert(of=of):
                yield expression, steps.pop() if steps else node
            case _:
                break
        expression = of
    yield from _source(expression, node)


def _source(expression: Any, node: Node) -> Iterator[Placed]:
    if isinstance(expression, Read):
        yield expression, node.get("path") or node
        return
    yield expression, node
    if isinstance(expression, Each):
        each = node.get("each") or node
        yield from placed(expression.of, each.get("of") or each)
        return
    if isinstance(expression, Choose):
        for case, place in zip(expression.cases, _items(node.get("when")), strict=True):
            yield case, place
            yield from placed(case.value, place.get("then") or place)
        yield from placed(expression.otherwise, node.get("else") or node)
        return
    inner = [one for one in children_of(expression) if not isinstance(one, (*CONDITIONS, Case))]
    lists = [child for child in _values(node) if isinstance(child.value, list)]
    places = next((_items(one) for one in lists if len(one.value) == len(inner)), [])
    for at, child in enumerate(inner):
        yield from placed(child, places[at] if places else node)


def _values(node: Node) -> list[Node]:
    return [child for key, child in node.items() if key != "via"]


def _items(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return list(node.value) if isinstance(node.value, list) else [node]
