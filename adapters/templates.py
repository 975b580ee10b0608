"""Templates: trees of configuration in which ``{name}`` stands for a value.

Guarantee: a template is data. Rendering only substitutes; it never evaluates, formats or
looks up attributes, and a value that itself contains braces stays as it is.

A string that is one placeholder and nothing else becomes the value with its type (a list, a
number, None); inside a longer string the value is put in as text. ``{{`` and ``}}`` are
literal braces. Every name is checked when the template is compiled, against those that its
place provides.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.binding import nearest
from config.tree import Node
from midspan.kernel.errors import ConfigurationError, Problem

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

Values = Mapping[str, Any]
_Render = Callable[[Values], Any]


class Template:
    """A compiled template; ``names`` are the placeholders it uses."""

    __slots__ = ("_render", "names")

    def __init__(self, render: _Render, names: frozenset[str]) -> None:
        self._render = render
        self.names = names

    def render(self, values: Values) -> Any:
        """Return the tree with every placeholder replaced; ``values`` must hold ``names``."""
        return self._render(values)


def compile_template(source: Any, known: Collection[str]) -> Template:
    """Compile a tree (a ``Node`` or plain values) whose placeholders must be ``known``.

    Raises ConfigurationError with every malformed or unknown placeholder at its place.
    """
    compiler = _Compiler(frozenset(known))
    render = compiler.tree(source, None)
    if compiler.problems:
        raise ConfigurationError(compiler.problems)
    return Template(render, frozenset(compiler.used))


ABSENT: Any = object()
"""What a sparse template renders to when nothing of it is left."""


def compile_sparse(source: Any, known: Collection[str], absent: Any = None) -> Template:
    """Compile a template that leaves out the members whose placeholder is ``absent``.

    A list or mapping that becomes empty by that is left out too; the whole is then ABSENT. A
    list of literals around a placeholder, ``[modified, ">=", "{lower}"]``, means nothing without
    it and goes with it.
    Raises ConfigurationError as ``compile_template`` does.
    """
    names = compile_template(source, known).names
    return Template(_sparse(source, known, absent), names)


def _sparse(source: Any, known: Collection[str], absent: Any) -> _Render:
    plain = source.value if isinstance(source, Node) else source
    if isinstance(plain, Mapping):
        members = {key: _sparse(child, known, absent) for key, child in plain.items()}
        return lambda values: _left(
            {key: part for key, made in members.items() if (part := made(values)) is not ABSENT},
            bool(members),
        )
    if isinstance(plain, list | tuple):
        items = [_sparse(child, known, absent) for child in plain]
        whole = _phrase([(_is_scalar(child), compile_template(child, known)) for child in plain])
        return lambda values: (
            ABSENT
            if any(values[name] is absent for name in whole)
            else _left(
                [part for made in items if (part := made(values)) is not ABSENT], bool(items)
            )
        )
    leaf = compile_template(source, known)
    return lambda values: (
        ABSENT if any(values[name] is absent for name in leaf.names) else leaf.render(values)
    )


def _phrase(items: Sequence[tuple[bool, Template]]) -> frozenset[str]:
    """Return the placeholders without which a list of literals and placeholders means nothing."""
    if all(template.names for _, template in items) or not any(scalar for scalar, _ in items):
        return frozenset()
    return frozenset(name for scalar, template in items if scalar for name in template.names)


def _left(rendered: Any, had_members: bool) -> Any:
    return ABSENT if had_members and not rendered else rendered


class _Compiler:
    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self.used: set[str] = set()
        self.problems: list[Problem] = []

    def tree(self, source: Any, place: Node | None) -> _Render:
        if isinstance(source, Node):
            return self.tree(source.value, source)
        if isinstance(source, Mapping):
            members = {key: self.tree(child, place) for key, child in source.items()}
            return lambda values: {key: part(values) for key, part in members.items()}
        if isinstance(source, list | tuple):
            items = [self.tree(child, place) for child in source]
            return lambda values: [part(values) for part in items]
        if isinstance(source, str):
            return self._text(source, place)
        return lambda _values: source

    def _text(self, text: str, place: Node | None) -> _Render:
        parts = self._parts(text, place)
        if not any(name for name, _ in parts):
            literal = "".join(piece for _, piece in parts)
            return lambda _values: literal
        if len(parts) == 1:
            only = parts[0][1]
            return lambda values: values[only]
        return lambda values: "".join(
            as_text(values[piece]) if named else piece for named, piece in parts
        )

    def _parts(self, text: str, place: Node | None) -> list[tuple[bool, str]]:
        """Split into (is a placeholder, its name) and (is not, the literal)."""
        parts: list[tuple[bool, str]] = []
        end = 0
        for match in _TOKEN.finditer(text):
            if match.start() > end:
                parts.append((False, text[end : match.start()]))
            parts.append(self._token(match, place))
            end = match.end()
        if end < len(text):
            parts.append((False, text[end:]))
        return parts

    def _token(self, match: re.Match[str], place: Node | None) -> tuple[bool, str]:
        token, name = match[0], match[1]
        if token in ("{{", "}}"):
            return False, token[0]
        if name is None:
            self._refuse(place, f"a single '{token}' in a template", "Double it to mean itself")
        elif name not in self._known:
            self._refuse(
                place, f"the placeholder '{{{name}}}' is not known here", self._nearest(name)
            )
        else:
            self.used.add(name)
        return True, name or ""

    def _nearest(self, name: str) -> str:
        return nearest(name, sorted(self._known))

    def _refuse(self, place: Node | None, message: str, remedy: str) -> None:
        code = "config.template"
        if place is None:
            self.problems.append(Problem(code, Path("template"), 0, 0, message, remedy))
        else:
            self.problems.append(place.problem(code, message, remedy))


def _is_scalar(source: Any) -> bool:
    plain = source.value if isinstance(source, Node) else source
    return not isinstance(plain, Mapping | list | tuple)


def as_text(value: Any) -> str:
    """Return a value as it is put into a longer text; None is empty, true is ``true``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
