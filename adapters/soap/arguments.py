"""Templates of arguments: what holds nothing is left out.

Guarantee: a member whose placeholder holds nothing is left out, and a mapping or list that
becomes empty by that; an item of a list in which any placeholder holds nothing is left out
whole, for half a filter would mean something else. ``{pairs}`` among the items of a list are
items themselves. ``render`` gives ABSENT for nothing at all.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from adapters.templates import ABSENT, Template, Values, compile_template
from config.tree import Node


def compile_arguments(source: Any, known: Collection[str]) -> Template:
    """Compile a tree whose placeholders must be ``known``.

    Raises ConfigurationError with every malformed or unknown placeholder at its place.
    """
    names = compile_template(source, known).names
    return Template(_maker(source, known), names)


def _maker(source: Any, known: Collection[str]) -> Callable[[Values], Any]:
    plain = _plain(source)
    if isinstance(plain, Mapping):
        members = {key: _maker(child, known) for key, child in plain.items()}

        def mapping(values: Values) -> Any:
            rendered = {key: make(values) for key, make in members.items()}
            made = {key: part for key, part in rendered.items() if part is not ABSENT}
            return made if made or not members else ABSENT

        return mapping
    if isinstance(plain, list | tuple):
        items = [
            (_maker(child, known), compile_template(child, known).names, _plain(child) == "{pairs}")
            for child in plain
        ]

        def sequence(values: Values) -> Any:
            made: list[Any] = []
            for make, names, spread in items:
                if _all_hold(names, values):
                    one = make(values)
                    made += one if spread and isinstance(one, list) else [one]
            return made if made or not items else ABSENT

        return sequence
    leaf = compile_template(source, known)
    return lambda values: leaf.render(values) if _all_hold(leaf.names, values) else ABSENT


def _plain(source: Any) -> Any:
    return source.value if isinstance(source, Node) else source


def _all_hold(names: Collection[str], values: Values) -> bool:
    return all(values[name] is not None for name in names)
