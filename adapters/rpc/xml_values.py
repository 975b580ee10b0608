"""Parses an XML-RPC reply from a system that is not trusted, in one pass.

Guarantee: no document type, hence no entity and no network; depth is bounded; every row of the
outermost lists keeps the place of its bytes. What is no XML character inside a row damages that
row alone (``adapters.rpc.xml_repair``).
"""

import base64
import binascii
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat

from adapters.rpc.wire import bad_row, cut_off, unreadable
from adapters.rpc.xml_repair import mended
from midspan.kernel.errors import ProtocolError, RecordError

MAX_DEPTH = 200

_CUT = frozenset({expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN})


class Array(list[Any]):
    """A list of values; an outermost one knows the places of its items and the damaged ones."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: list[tuple[int, int]] = []
        self.damaged: dict[int, RecordError] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """A method response: its value or, for a fault, the fault's.

    ``trouble`` is the error of a value outside of any list that cannot be read.
    """

    value: Any
    fault: bool
    trouble: RecordError | None


def parse(body: bytes) -> Reply:
    """Return what a reply holds.

    Raises ProtocolError ``rpc.not_xml`` or ``rpc.envelope``, TransientError ``rpc.truncated``.
    """
    clean, damage = mended(body)
    builder = _Builder(clean, damage)
    try:
        builder.feed(clean)
    except expat.ExpatError as error:
        raise _malformed(body, error) from None
    return builder.reply()


class _Builder:
    """Builds values from the events of one parse."""

    def __init__(self, data: bytes, damage: list[int]) -> None:
        self._data = data
        self._damage = damage
        self._stack: list[Any] = []
        self._names: list[str] = []
        self._starts: list[int] = []
        self._arrays = 0
        self._text: list[str] = []
        self._type = ""
        self._value: Any = None
        self._depth = 0
        self._fault = False
        self._trouble: RecordError | None = None
        self._found: list[Any] = []
        self._root = ""

    def feed(self, data: bytes) -> None:
        """Parse the whole document."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        self._parser = parser
        parser.Parse(data, True)

    def reply(self) -> Reply:
        """Return the response; refuse a document that is none."""
        if self._root != "methodResponse" or not self._found:
            raise ProtocolError(
                "rpc.envelope",
                "the answer holds neither a result nor a fault",
                remedy="Check protocol and path",
            )
        return Reply(self._found[0], self._fault, self._trouble)

    def _start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ProtocolError(
                "rpc.too_deep", f"the answer is nested deeper than {MAX_DEPTH} levels"
            )
        self._root = self._root or name
        self._text.clear()
        if name == "value":
            self._type = ""
            self._starts.append(self._parser.CurrentByteIndex)
        elif name == "struct":
            self._stack.append({})
        elif name == "array":
            self._arrays += 1
            self._stack.append(Array() if self._arrays == 1 else [])
        elif name == "fault":
            self._fault = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        if name == "value":
            self._end_value()
        elif name == "name":
            self._names.append("".join(self._text))
        elif name == "member":
            self._end_member()
        elif name in ("struct", "array"):
            self._value, self._type = self._stack.pop(), name
            self._arrays -= name == "array"
        elif name not in _ENVELOPE:
            self._value, self._type = self._converted(name), name
        self._text.clear()

    def _end_value(self) -> None:
        start = self._starts.pop()
        # A value without a type is a string.
        value = self._value if self._type else "".join(self._text)
        self._type = "value"
        holder = self._stack[-1] if self._stack else self._found
        if isinstance(holder, dict):
            self._value = value
            return
        holder.append(value)
        if isinstance(holder, Array):
            self._note(holder, start)

    def _end_member(self) -> None:
        if self._names and self._stack and isinstance(self._stack[-1], dict):
            self._stack[-1][self._names.pop()] = self._value

    def _note(self, array: Array, start: int) -> None:
        """Keep an outermost item's place, and its error when something in it is damaged."""
        end = self._data.find(b">", self._parser.CurrentByteIndex) + 1
        array.spans.append((start, end))
        at = bisect_left(self._damage, start)
        if at < len(self._damage) and self._damage[at] < end:
            array.damaged[len(array) - 1] = bad_row()
        elif self._trouble is not None:
            array.damaged[len(array) - 1] = self._trouble
        self._trouble = None

    def _converted(self, name: str) -> Any:
        text = "".join(self._text)
        reader = _READERS.get(name.rpartition(":")[2])
        try:
            return text if reader is None else reader(text)
        except (ValueError, InvalidOperation, binascii.Error, OverflowError):
            self._trouble = RecordError(
                "rpc.value",
                f"a {name} cannot be read",
                remedy="Correct the record in the source",
            )
            return None


_ENVELOPE = frozenset({"data", "params", "param", "fault", "methodResponse"})


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word in ("1", "true"):
        return True
    if word in ("0", "false"):
        return False
    raise ValueError(word)


def _number(text: str) -> Decimal:
    number = Decimal(text.strip())
    if not number.is_finite():
        raise ValueError(text)
    return number


_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "i1", "i2", "i4", "i8", "biginteger"), int),
    **dict.fromkeys(("double", "float", "bigdecimal"), _number),
    "boolean": _boolean,
    "nil": lambda _text: None,
    # Which zone it is in is the knowledge of the stream's cursor or of the mapping.
    "dateTime.iso8601": lambda text: datetime.fromisoformat(text.strip()),
    "base64": lambda text: base64.b64decode("".join(text.split()), validate=True),
}


def _refuse_doctype(*_declaration: Any) -> None:
    raise ProtocolError(
        "rpc.not_xml",
        "the answer declares a document type, which XML-RPC has none of",
        remedy="Check the path; a proxy or a login page may answer in the system's place",
    )


def _malformed(body: bytes, error: expat.ExpatError) -> Exception:
    if expat.ErrorString(error.code) in _CUT and body.strip() and b"<method" in body[:512]:
        return cut_off()
    code = "rpc.not_xml"
    return unreadable(body, code, "XML")
