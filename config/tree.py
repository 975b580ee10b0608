"""YAML as a tree whose every node knows its file, line and column.

Reading is bounded (size, depth, no anchors or aliases) and never constructs anything but
strings, numbers, booleans, lists and dictionaries.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from midspan.kernel.errors import ConfigurationError, Problem

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 24

_SCALARS = yaml.constructor.SafeConstructor()


@dataclass(frozen=True, slots=True)
class Node:
    """A value with its place; ``value`` is a scalar, a list of nodes or a dict of nodes.

    ``keys`` holds, for a dict, the node of each key, so that a misspelt one can be shown.
    """

    value: Any
    file: Path
    line: int
    column: int
    keys: Mapping[str, "Node"]

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

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


class _Builder:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def build(self, source: yaml.Node, depth: int = 0) -> Node:
        if depth > MAX_DEPTH:
            return self._refuse(source, f"nested deeper than {MAX_DEPTH} levels")
        if source.tag not in _ALLOWED:
            return self._refuse(source, f"the tag {source.tag} is not allowed")
        if isinstance(source, yaml.MappingNode):
            return self._mapping(source, depth)
        if isinstance(source, yaml.SequenceNode):
            return self._node(source, [self.build(child, depth + 1) for child in source.value])
        if isinstance(source, yaml.ScalarNode):
            return self._scalar(source)
        return self._refuse(source, "this is no YAML value")

    def _mapping(self, source: yaml.MappingNode, depth: int) -> Node:
        children: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        for key_source, value_source in source.value:
            key = self.build(key_source, depth + 1)
            if not isinstance(key.value, str | int | float | bool):
                self._refuse(key_source, "a key must be a plain word")
                continue
            name = key_source.value if isinstance(key_source, yaml.ScalarNode) else str(key.value)
            if name in children:
                self._refuse(key_source, f"the key '{name}' stands here twice")
            children[name] = self.build(value_source, depth + 1)
            keys[name] = key
        return self._node(source, children, keys)

    def _scalar(self, source: yaml.ScalarNode) -> Node:
        construct = _TAGS.get(source.tag)
        if construct is None:
            return self._refuse(source, f"a plain value cannot be a {source.tag}")
        try:
            value = construct(_SCALARS, source)
            str(value)  # an endless number fails here, not in a message far from its place
            return self._node(source, value)
        except (ValueError, LookupError, yaml.YAMLError):  # a tag forced upon what it does not fit
            return self._refuse(source, "this value cannot be read")

    def _node(self, source: yaml.Node, value: Any, keys: Mapping[str, Node] | None = None) -> Node:
        mark = source.start_mark
        return Node(value, self.file, mark.line + 1, mark.column + 1, keys or {})

    def _refuse(self, source: yaml.Node, message: str) -> Node:
        node = self._node(source, None)
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
_ALLOWED = {*_TAGS, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


class _Loader(yaml.SafeLoader):
    """Composes nodes and refuses aliases, which can blow a small file up."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            mark: Any = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # stub gap
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed", problem_mark=mark
            )
        return super().compose_node(parent, index)


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
    loader = None
    try:
        loader = _Loader(data.decode("utf-8"))
        source = loader.get_single_node()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            [Problem("config.syntax", file, line, 1, "is not UTF-8", "Save the file as UTF-8")]
        ) from error
    except (yaml.YAMLError, OverflowError) as error:  # the latter: an escape of no character
        raise ConfigurationError([_syntax_problem(error, file)]) from error
    except RecursionError as error:
        raise ConfigurationError(
            [Problem("config.syntax", file, 0, 0, f"nested deeper than {MAX_DEPTH} levels")]
        ) from error
    finally:
        if loader is not None:
            loader.dispose()
    if source is None:
        return Node({}, file, 1, 1, {})
    builder = _Builder(file)
    tree = builder.build(source)
    if builder.problems:
        raise ConfigurationError(builder.problems)
    return tree


def _syntax_problem(error: Exception, file: Path) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or "is not valid YAML"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem("config.syntax", file, line, column, str(message))
