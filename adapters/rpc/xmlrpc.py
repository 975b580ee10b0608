"""XML-RPC over HTTP, with the extensions in use: nil, i8, big integers and big decimals.

Guarantee: as ``adapters.rpc.wire`` says. A text is sent exactly or not at all: what XML cannot
carry is refused before anything is sent.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from adapters.rpc.values import Typed
from adapters.rpc.wire import Fault, Result, Rows, no_rows
from adapters.rpc.xml_values import Array, Reply, parse
from midspan.kernel.errors import ProtocolError, RecordError, TransientError

_INT_LIMIT = 2**31
_LONG_LIMIT = 2**63
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class XmlRpc:
    """XML-RPC: a method call out, a method response back."""

    content_type = "text/xml"

    def __init__(self, typed: Typed) -> None:
        self._typed = replace(typed, native=(datetime, bytes))

    def request(self, method: str, params: Any, members: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of a call; ``params`` is the list of its parameters."""
        del members
        listed = params if isinstance(params, list | tuple) else [params]
        parts = [f"<param>{_value(self._typed, one)}</param>" for one in self._typed.wrap(listed)]
        return (
            "<?xml version='1.0' encoding='utf-8'?>\n<methodCall>"
            f"<methodName>{_text(method)}</methodName><params>{''.join(parts)}</params>"
            "</methodCall>\n"
        ).encode()

    def result(self, body: bytes) -> Result:
        """Return what a reply holds; raise Fault for an error reply."""
        reply = parse(body)
        if reply.fault:
            raise Fault(_fault_text(reply.value))
        return XmlResult(body, reply)

    def complaint(self, body: bytes) -> str:
        """Return the text of a fault that a reply of another status holds."""
        try:
            self.result(body)
        except Fault as fault:
            return fault.text
        except (ProtocolError, TransientError):
            return ""
        return ""


class XmlResult:
    """A result that was parsed; the reply's bytes stay beside it, for its rows' origin."""

    __slots__ = ("_body", "_reply")

    def __init__(self, body: bytes, reply: Reply) -> None:
        self._body = body
        self._reply = reply

    def value(self) -> Any:
        """Return the whole result."""
        if self._reply.trouble is not None:
            raise self._reply.trouble
        return self._reply.value

    def rows(self, path: str) -> Rows:
        """Return the rows of the list at ``path``."""
        found = self._reply.value
        for name in path.split(".") if path else ():
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, Array):
            raise no_rows(path)
        spans = found.spans
        return Rows(found, lambda at: self._body[slice(*spans[at])], found.damaged)


def _fault_text(fault: Any) -> str:
    """Return ``code: text``, by which rules know an error."""
    members = fault if isinstance(fault, dict) else {}
    return f"{members.get('faultCode', '')}: {members.get('faultString', '')}"


def _value(typed: Typed, value: Any) -> str:
    if isinstance(value, dict):
        members = "".join(
            f"<member><name>{_text(str(name))}</name>{_value(typed, part)}</member>"
            for name, part in value.items()
        )
        return f"<value><struct>{members}</struct></value>"
    if isinstance(value, list | tuple):
        items = "".join(_value(typed, item) for item in value)
        return f"<value><array><data>{items}</data></array></value>"
    return f"<value>{_scalar(typed, value)}</value>"


def _scalar(typed: Typed, value: Any) -> str:
    if value is None:
        return "<nil/>"
    if isinstance(value, bool):
        return f"<boolean>{int(value)}</boolean>"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, Decimal) and typed.decimals == "text":
        return f"<string>{value:f}</string>"
    if isinstance(value, Decimal | float):
        return f"<double>{Decimal(str(value)):f}</double>"
    if isinstance(value, datetime):
        return f"<dateTime.iso8601>{value:%Y%m%dT%H:%M:%S}</dateTime.iso8601>"
    if isinstance(value, bytes):
        return f"<base64>{base64.b64encode(value).decode()}</base64>"
    if isinstance(value, str):
        return f"<string>{_text(value)}</string>"
    raise _unsendable(f"a {type(value).__name__}")


def _integer(value: int) -> str:
    if -_INT_LIMIT <= value < _INT_LIMIT:
        return f"<int>{value}</int>"
    if -_LONG_LIMIT <= value < _LONG_LIMIT:
        return f"<i8>{value}</i8>"
    raise _unsendable("a whole number of more than 64 bits")


def _text(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise _unsendable("a text with control characters")
    return escape(text)


def _unsendable(what: str) -> RecordError:
    return RecordError(
        "rpc.unsendable",
        f"{what} has no form in XML-RPC",
        remedy="Correct the value where it comes from, or convert it in the mapping",
    )
