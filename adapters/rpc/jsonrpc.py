"""JSON over HTTP: JSON-RPC 1.0 and 2.0, and calls whose method stands in the URL alone.

Guarantee: as ``adapters.rpc.wire`` says. A page is decoded in one go; only where a row of it
is damaged are its rows read one by one, so that the others still arrive.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar

import msgspec

from adapters.rpc.values import Typed
from adapters.rpc.wire import Fault, Result, Rows, bad_row, cut_off, no_rows, unreadable
from midspan.kernel.errors import ProtocolError, RecordError, TransientError

T = TypeVar("T")

# An exponent may have more digits than a Decimal can hold.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation)

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MARKED = bytes.maketrans(bytes(range(32)), b"\xff" * 32)
"""A byte that no UTF-8 has stands for each control character."""

_ANY = msgspec.json.Decoder(msgspec.Raw)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(float_hook=Decimal)
_VALUES = msgspec.json.Decoder(list[Any], float_hook=Decimal)


class JsonRpc:
    """JSON-RPC: ``{id, method, params}`` out, ``{result}`` or ``{error}`` back."""

    content_type = "application/json"

    def __init__(self, version: str, typed: Typed) -> None:
        self._fixed = {"jsonrpc": version} if version == "2.0" else {}
        self._calls = 0
        self._typed = typed
        self._encode = _encoder(typed.decimals)

    def request(self, method: str, params: Any, members: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of a call."""
        self._calls += 1
        sent = self._typed.wrap(params)
        own = {"id": self._calls, "method": method, "params": sent}
        return self._encode({**self._fixed, **(members or {}), **own})

    def result(self, body: bytes) -> Result:
        """Return what a reply holds; raise Fault for an error reply."""
        members, clean = _parsed(_MEMBERS, body)
        failure = members.get("error")
        if failure is not None and bytes(failure) != b"null":
            raise Fault(bytes(failure).decode("utf-8", "replace"))
        if "result" not in members:
            raise ProtocolError(
                "rpc.envelope",
                "the answer holds neither a result nor an error",
                remedy="Check protocol and version",
            )
        return JsonResult(members["result"], clean, body)

    def complaint(self, body: bytes) -> str:
        """Return the text of an error that a reply of another status holds."""
        try:
            self.result(body)
        except Fault as fault:
            return fault.text
        except (ProtocolError, TransientError):
            return ""
        return ""


class PlainJson:
    """The method stands in the URL: parameters out, the result itself back."""

    content_type = "application/json; charset=utf-8"

    def __init__(self, typed: Typed) -> None:
        self._typed = typed
        self._encode = _encoder(typed.decimals)

    def request(self, method: str, params: Any, members: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of a call, its parameters."""
        del method, members
        return self._encode(self._typed.wrap(params))

    def result(self, body: bytes) -> Result:
        """Return what a reply holds, which is the reply."""
        whole, clean = _parsed(_ANY, body)
        return JsonResult(whole, clean, body)

    def complaint(self, body: bytes) -> str:
        """Return an error reply's own text, where it is an object."""
        try:
            _parsed(_MEMBERS, body)
        except (ProtocolError, TransientError):
            return ""
        return body.decode("utf-8", "replace")


class JsonResult:
    """A result by its JSON; ``clean`` is the reply as it was parsed, ``body`` as it came."""

    __slots__ = ("_body", "_clean", "_raw")

    def __init__(self, raw: msgspec.Raw, clean: bytes, body: bytes) -> None:
        self._raw = raw
        self._clean = clean
        self._body = body

    def value(self) -> Any:
        """Return the whole result."""
        return _decode(self._raw)

    def rows(self, path: str) -> Rows:
        """Return the rows of the list at ``path``."""
        try:
            found = self._raw
            for name in path.split(".") if path else ():
                found = _MEMBERS.decode(found)[name]
            return self._whole(found)
        except (*_UNREADABLE, KeyError):
            raise no_rows(path) from None

    def _whole(self, raw: msgspec.Raw) -> Rows:
        """Decode a page in one go; row by row where that cannot be done."""
        try:
            values = _VALUES.decode(raw)
        except _UNREADABLE:
            raws = _ROWS.decode(raw)
            return _single(raws, self._spans(raw, raws))
        return Rows(values, lambda at: bytes(_ROWS.decode(raw)[at]))

    def _spans(self, page: msgspec.Raw, rows: Sequence[msgspec.Raw]) -> list[bytes]:
        """Return the bytes of each row as they came: marks take as much room as what they mark."""
        if self._clean is self._body:
            return [bytes(row) for row in rows]
        end, spans = self._clean.index(bytes(page)), []
        for row in map(bytes, rows):
            start = self._clean.index(row, end)
            end = start + len(row)
            spans.append(self._body[start:end])
        return spans


def _encoder(decimals: Literal["number", "text"]) -> Callable[[Any], bytes]:
    """Return the encoder for the way in which the system takes decimals."""
    return msgspec.json.Encoder(
        decimal_format="number" if decimals == "number" else "string"
    ).encode


def _single(raws: Sequence[msgspec.Raw], spans: Sequence[bytes]) -> Rows:
    values: list[Any] = []
    damaged: dict[int, RecordError] = {}
    for at, raw in enumerate(raws):
        try:
            values.append(_VALUE.decode(raw))
        except _UNREADABLE:
            damaged[at] = bad_row()
            values.append(_guessed(bytes(raw)))
    return Rows(values, lambda at: spans[at], damaged)


def _guessed(raw: bytes) -> Any:
    """Return what can be made of a damaged row; an empty record when nothing can."""
    try:
        return _VALUE.decode(raw.decode("utf-8", "replace").encode())
    except _UNREADABLE:
        return {}


def _decode(raw: bytes | msgspec.Raw) -> Any:
    try:
        return _VALUE.decode(raw)
    except _UNREADABLE:
        raise bad_row() from None


def _parsed(decoder: msgspec.json.Decoder[T], body: bytes) -> tuple[T, bytes]:
    """Return a reply's parts, and the bytes they were read from.

    A text with a control character in it is no JSON; it is marked, so that it damages its row
    alone.
    """
    try:
        return decoder.decode(body), body
    except _UNREADABLE as error:
        clean = _TEXT.sub(lambda text: text[0].translate(_MARKED), body)
        if clean == body:
            raise _not_json(body, error) from None
    try:
        return decoder.decode(clean), clean
    except _UNREADABLE as error:
        raise _not_json(body, error) from None


def _not_json(body: bytes, error: Exception) -> ProtocolError | TransientError:
    ended = body.rstrip().endswith((b"}", b"]"))
    if body.lstrip().startswith((b"{", b"[")) and ("truncated" in str(error) or not ended):
        return cut_off()
    code = "rpc.not_json"
    return unreadable(body, code, "JSON")
