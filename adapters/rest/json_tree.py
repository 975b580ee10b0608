"""A JSON reply as a tree that is decoded no further than it is looked at.

Guarantee: what is no JSON is told by what it is instead: nothing, a web page, or a text that ends
in the middle. A text that was cut inside of an emoji spoils its own record alone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.rest.json_types import LIST, OBJECT, UNREADABLE, VALUE
from midspan.kernel.errors import ProtocolError, TransientError

_NULL = b"null"
_HALF = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\"
    rb"(u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\)u[dD][c-fC-F][0-9a-fA-F]{2})"
)
"""An escape that is one half of a character, without the other."""

_SPOILED = b"\xff"


class JsonTree:
    """A reply's body; ``where`` is the address it came from, fit for a message."""

    def __init__(self, body: bytes, where: str) -> None:
        self._body = body
        self._where = where
        self._top: Mapping[str, bytes] | None = None
        self._head: Mapping[str, bytes] = {}
        self._known: frozenset[str] = frozenset()
        self._spoiled = False

    def value(self, path: str) -> Any:
        """Return the value at a path; None where there is none."""
        raw = self._find(self._body, path.split(".") if path else ())
        try:
            return None if raw is None else VALUE.decode(raw)
        except UNREADABLE as error:
            raise self._unreadable(error) from None

    def text(self, path: str) -> str:
        """Return what stands at a path as text, to be searched for a pattern."""
        raw = self._find(self._body, path.split(".") if path else ())
        return "" if raw is None else bytes(raw).decode("utf-8", "replace")

    def within(self, raw: bytes, path: Sequence[str]) -> Any:
        """Return the value at a path from a piece of the reply on."""
        found = self._find(raw, path)
        return None if found is None else self._decode(VALUE, found)

    def _find(self, raw: bytes, path: Sequence[str]) -> bytes | None:
        found: bytes | None = raw
        if raw is self._body and path and path[0] in self._known:
            whole = ".".join(path)
            if whole in self._head:
                return self._head[whole]
            found, path = self._head.get(path[0]), path[1:]
        for at, step in enumerate(path):
            if found is None:
                return None
            if begins(found, b"["):
                items = self._decode(LIST, found)
                found = items[int(step)] if step.isdecimal() and int(step) < len(items) else None
            else:
                members = self._object(found)
                # A member may itself have a dot in its name: ``@odata.nextLink``.
                whole = ".".join(path[at:])
                if members and whole in members:
                    return members[whole]
                found = members.get(step) if members else None
        return found

    def _object(self, raw: bytes) -> Mapping[str, bytes] | None:
        """Return an object's members; None for a value that is none."""
        if raw is self._body:
            if self._top is None:
                self._top = self._plain_object(raw)
            return self._top
        return self._plain_object(raw) if begins(raw, b"{") else None

    def _plain_object(self, raw: bytes) -> Mapping[str, bytes]:
        if begins(raw, b"{"):
            members: Mapping[str, bytes] = self._decode(OBJECT, raw)
            return members
        self._decode(VALUE, raw)
        return {}

    def _decode(self, decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
        try:
            return decoder.decode(raw)
        except UNREADABLE as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> ProtocolError | TransientError:
        body, what = self._body, f"the reply of {self._where}"
        if not body.strip():
            return ProtocolError("rest.not_json", f"{what} is empty", remedy="Check the path")
        if body.lstrip()[:1] == b"<":
            return ProtocolError(
                "rest.not_json",
                f"{what} is no JSON but a web page or XML",
                remedy="Check path and format; a proxy or a login page may answer there",
            )
        if "truncated" in str(error):
            return TransientError("rest.truncated", f"{what} ends in the middle")
        return ProtocolError(
            "rest.not_json", f"{what} is no JSON", remedy="Check path, format and encoding"
        )

    def _spoil_halves(self) -> bool:
        """Spoil halves of characters for their records alone; return whether there are any.

        A text that was cut inside of an emoji ends in one, and no part of its page could be read.
        """
        spoiled = _HALF.sub(lambda half: half[1] + _SPOILED + half[2], self._body)
        self._spoiled = spoiled != self._body
        self._body, self._top = spoiled, None
        return self._spoiled

    def _own(self, raw: bytes) -> bytes:
        """Return a record's bytes as they came."""
        whole = bytes(raw)
        return whole.replace(_SPOILED, b"\\") if self._spoiled else whole


def begins(raw: bytes, mark: bytes) -> bool:
    """Return whether a piece of JSON begins with a mark."""
    # A view of a page has no strip, and only a whole body can begin with white space.
    head = bytes(memoryview(raw)[:1])
    if head in (b"[", b"{") or not head.isspace():
        return head == mark
    return bytes(raw).lstrip()[:1] == mark


def is_null(raw: bytes) -> bool:
    """Return whether a piece of JSON is null."""
    return len(raw) < 64 and bytes(raw).strip() == _NULL
