"""YAML as a tree whose every node knows its file, line and column.

Reading is bounded (size, depth, no aliases, which can blow a small file up) and never
constructs anything but strings, numbers, booleans, lists and dictionaries. libyaml parses; the
tree is made of its events.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from midspan.kernel.errors import ConfigurationError, Problem

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 24
MAX_NUMBER = 400
"""Characters of a number; longer ones take their time to be found to be none."""
_ABYSS = 20 * MAX_DEPTH
"""Nesting at which reading ends: beyond it the parser's time grows with the square of the depth."""

_PLAIN = re.compile(r"-?[0-9]*\.[0-9]+|-?[0-9]+\.")
_SCALARS = yaml.constructor.SafeConstructor()
_RESOLVER = yaml.resolver.Resolver()


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place; ``value`` is a scalar, a list of nodes or a dict of nodes.

    ``keys`` holds, for a dict, the node of each key, so that a misspelt one can be shown.
    ``text`` is how the file spells a number or boolean: to YAML ``007`` is 7 and ``NO`` is false.
    """

    value: Any
    file: Path
    line: int
    column: int
    keys: Mapping[str, "Node"]
    text: str = ""

    def problem(self, code: str, message: str, remedy: str = "") -> Problem:
        """Return a finding at this place."""
        return Problem(code, self.file, self.line, self.column, message, remedy)

    def get(self, key: str) -> "Node | None":
        """Return the child under ``key`` of a dict node, else None."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Yield a dict node's children in the file's order; nothing for other nodes."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def written(self) -> str | None:
        """Return a text, number or boolean as the file spells it; None for anything else."""
        return self.value if isinstance(self.value, str) else self.text or None

    def code(self) -> str | None:
        """Return a word or code that only YAML takes for something else: ``NO``, ``007``.

        None for texts, and for all that is spelt as the number or boolean that it is.
        """
        if isinstance(self.value, bool):
            is_spelt_so = self.text.lower() in ("true", "false")
        elif isinstance(self.value, float):
            is_spelt_so = _PLAIN.fullmatch(self.text) is not None
        else:
            is_spelt_so = str(self.value) == self.text
        return None if is_spelt_so else self.text or None

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


class _Builder:
    """Makes nodes of a parser's events; every finding goes to ``problems``."""

    def __init__(self, file: Path, events: Iterator[Any]) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._events = events

    def document(self) -> Node | None:
        """Return the one document's tree; None when there is none."""
        next(self._events)  # the stream's own beginning
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        tree = self._build(next(self._events), 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._refuse(after, "a second document begins here")
        return tree

    def _build(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._skip(event, "anchors and aliases are not allowed")
        if depth > MAX_DEPTH:
            return self._skip(event, f"nested deeper than {MAX_DEPTH} levels")
        tag = self._tag(event)
        if tag not in _ALLOWED:
            return self._skip(event, f"the tag {tag} is not allowed")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._build(inner, depth + 1))
            return self._node(event, items)
        return self._scalar(event, tag)

    def _tag(self, event: Any) -> str:
        """Return what a value is, by its tag or, where it has none, by its look."""
        if event.tag not in (None, "!"):
            return str(event.tag)
        if isinstance(event, yaml.ScalarEvent):
            found = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # stub gap
            return str(found)
        return _MAP if isinstance(event, yaml.MappingStartEvent) else _SEQUENCE

    def _mapping(self, event: Any, depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            key = self._build(inner, depth + 1)
            value = self._build(next(self._events), depth + 1)
            if not isinstance(key.value, str | int | float | bool):
                self._refuse(inner, "a key must be a plain word")
                continue
            name = inner.value
            if name in children:
                self._refuse(inner, f"the key '{name}' stands here twice")
            children[name] = value
            keys[name] = key
        return self._node(event, children, keys)

    def _scalar(self, event: Any, tag: str) -> Node:
        construct = _TAGS.get(tag)
        if construct is None:
            return self._refuse(event, f"a plain value cannot be a {tag}")
        if tag in _NUMBERS and len(event.value) > MAX_NUMBER:
            return self._refuse(event, f"a number has at most {MAX_NUMBER} characters")
        try:
            value = construct(_SCALARS, yaml.ScalarNode(tag, event.value))
            str(value)  # an endless number fails here, not in a message far from its place
            spelt = event.value if isinstance(value, bool | int | float) else ""
            return self._node(event, value, text=spelt)
        except (
            ValueError,
            ArithmeticError,
            LookupError,
            yaml.YAMLError,
        ):  # a tag forced upon what it does not fit
            return self._refuse(event, "this value cannot be read")

    def _skip(self, event: Any, message: str) -> Node:
        """Refuse a value, and pass over what is inside it."""
        open_values = int(isinstance(event, yaml.CollectionStartEvent))
        while open_values:
            inner = next(self._events)
            open_values += isinstance(inner, yaml.CollectionStartEvent)
            open_values -= isinstance(inner, yaml.CollectionEndEvent)
            if open_values > _ABYSS:
                self._refuse(event, message)
                raise ConfigurationError(self.problems)
        return self._refuse(event, message)

    def _node(
        self, event: Any, value: Any, keys: Mapping[str, Node] | None = None, text: str = ""
    ) -> Node:
        mark = event.start_mark
        return Node(value, self.file, mark.line + 1, mark.column + 1, keys or {}, text)

    def _refuse(self, event: Any, message: str) -> Node:
        node = self._node(event, None)
        self.problems.append(node.problem("config.syntax", message))
        return node


_TAGS = {
    "tag:yaml.org,2002:str": yaml.constructor.SafeConstructor.construct_yaml_str,
    "tag:yaml.org,2002:int": yaml.constructor.SafeConstructor.construct_yaml_int,
    "tag:yaml.org,2002:float": yaml.constructor.SafeConstructor.construct_yaml_float,
    "tag:yaml.org,2002:bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
    "tag:yaml.org,2002:null": yaml.constructor.SafeConstructor.construct_yaml_null,
    # A date stays the text it was written as: what it means is the binder's question.
    "tag:yaml.org,2002:timestamp": yaml.constructor.SafeConstructor.construct_yaml_str,
}
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MAP, _SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_ALLOWED = {*_TAGS, _MAP, _SEQUENCE}


def read_tree(file: Path) -> Node:
    """Read one YAML file; raise ConfigurationError with every syntax problem in it."""
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            [Problem("config.unreadable", file, 0, 0, f"cannot be read: {reason}")]
        ) from error
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            [Problem("config.syntax", file, 0, 0, f"larger than {MAX_BYTES} bytes")]
        )
    return parse_tree(data, file)


def parse_tree(data: bytes, file: Path) -> Node:
    """Parse YAML bytes that came from ``file``; an empty document is an empty dict."""
    try:
        events = yaml.parse(data.decode("utf-8"), Loader=yaml.CSafeLoader)
        builder = _Builder(file, events)
        tree = builder.document()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            [Problem("config.syntax", file, line, 1, "is not UTF-8", "Save the file as UTF-8")]
        ) from error
    except (yaml.YAMLError, OverflowError) as error:  # the latter: an escape of no character
        raise ConfigurationError([_syntax_problem(error, data, file)]) from error
    if builder.problems:
        raise ConfigurationError(builder.problems)
    return tree or Node({}, file, 1, 1, {})


def _syntax_problem(error: Exception, data: bytes, file: Path) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or "is not valid YAML"
    # A character that YAML does not know has no mark, but its place among the bytes.
    before = data[: getattr(error, "position", 0) or 0]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    if isinstance(error, yaml.reader.ReaderError):
        message = f"holds a character that YAML does not allow: {error.reason}"
    elif mark:
        line, column = mark.line + 1, mark.column + 1
    return Problem("config.syntax", file, line, column, str(message))
