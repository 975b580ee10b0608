"""Builds a record from the events of an XML parser."""

from typing import Any


class Builder:
    """Turns elements into values; ``lists`` are the paths, from the record, that are lists."""

    def __init__(self, lists: frozenset[str]) -> None:
        self._lists = lists
        self._stack: list[_Element] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        above = self._stack[-1].path if self._stack else None
        path = "" if above is None else f"{above}.{name}" if above else name
        self._stack.append(_Element(name, path, attributes))

    def text(self, text: str) -> None:
        """Add text to the element that is open."""
        element = self._stack[-1]
        if not element.closed:
            element.text.append(text)

    def end(self) -> Any:
        """End the element that is open, and return its value."""
        element = self._stack.pop()
        value = element.value()
        if self._stack:
            self._stack[-1].add(element.name, value, many=element.path in self._lists)
        return value


class _Element:
    __slots__ = ("attributes", "closed", "members", "name", "nil", "path", "text")

    def __init__(self, name: str, path: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.path = path
        self.nil = any(
            local(key) == "nil" and value in ("true", "1") for key, value in attributes.items()
        )
        self.attributes = {
            f"@{local(key)}": value
            for key, value in attributes.items()
            if local(key) != "nil" and not key.startswith("xmlns")
        }
        self.members: dict[str, Any] = {}
        self.text: list[str] = []
        self.closed = False

    def add(self, name: str, value: Any, *, many: bool) -> None:
        """Add a child; text that follows it is layout."""
        self.closed = True
        known = self.members.get(name)
        if isinstance(known, _Many):
            known.append(value)
        elif name in self.members:
            self.members[name] = _Many([known, value])
        else:
            self.members[name] = _Many([value]) if many else value

    def value(self) -> Any:
        """Return the element as a record, its text, or None."""
        if self.members:
            plain = {
                name: list(one) if isinstance(one, _Many) else one
                for name, one in self.members.items()
            }
            return {**self.attributes, **plain}
        text = None if self.nil else "".join(self.text).strip() or None
        return {**self.attributes, "#text": text} if self.attributes else text


class _Many(list[Any]):
    """The values of an element that stands there more than once."""


def local(name: str) -> str:
    """Return a name without its prefix."""
    return name.rpartition(":")[2]
