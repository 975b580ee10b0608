"""The bytes of a remote call: the protocol's envelope around method, parameters and result.

Guarantee: a reply is either a result or a ``Fault``, never silently neither; rows keep the
very bytes they came in. Numbers with a fraction become Decimals, so nothing is rounded.

A protocol is a class with the methods of ``Wire``; the adapter knows nothing else of it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from midspan.kernel.errors import ProtocolError, RecordError, TransientError

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
_NOT_JSON = "the answer is not JSON"


class Fault(Exception):
    """The other side's error reply; ``text`` is its JSON and never leaves the adapter."""

    def __init__(self, text: str) -> None:
        super().__init__("error reply")
        self.text = text


class Wire(Protocol):
    """A protocol's envelope."""

    content_type: str

    def request(self, method: str, params: Any) -> bytes:
        """Return the body of a call."""
        ...

    def result(self, body: bytes) -> bytes:
        """Return the result's own bytes; raise Fault for an error reply."""
        ...

    def rows(self, result: bytes, path: str) -> Sequence[bytes]:
        """Return the bytes of each row in the list at ``path`` of a result."""
        ...

    def decode(self, data: bytes) -> Any:
        """Return the value of a result or row; raise RecordError for unreadable text."""
        ...


class JsonRpc:
    """JSON-RPC 1.0 and 2.0 over HTTP."""

    content_type = "application/json"

    def __init__(self, version: str) -> None:
        self._fixed = {"jsonrpc": version} if version == "2.0" else {}
        self._calls = 0
        self._envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._list = msgspec.json.Decoder(list[msgspec.Raw])
        self._value = msgspec.json.Decoder(float_hook=Decimal)

    def request(self, method: str, params: Any) -> bytes:
        """Return the body of a call."""
        self._calls += 1
        return msgspec.json.encode(
            {**self._fixed, "id": self._calls, "method": method, "params": params}
        )

    def result(self, body: bytes) -> bytes:
        """Return the result's own bytes; raise Fault for an error reply."""
        try:
            members = self._envelope.decode(body)
        except _UNREADABLE as error:
            raise _unreadable(body, error) from None
        failure = members.get("error")
        if failure is not None and bytes(failure) != b"null":
            raise Fault(bytes(failure).decode("utf-8", "replace"))
        if "result" not in members:
            raise ProtocolError("rpc.envelope", "the answer holds neither a result nor an error")
        return members["result"]

    def rows(self, result: bytes, path: str) -> Sequence[bytes]:
        """Return the bytes of each row in the list at ``path`` of a result."""
        try:
            for name in path.split(".") if path else ():
                result = self._envelope.decode(result)[name]
            return self._list.decode(result)
        except (*_UNREADABLE, KeyError):
            place = f"at '{path}' of the result" if path else "in the result"
            raise ProtocolError(
                "rpc.rows", f"there is no list of rows {place}", remedy="Correct read.rows"
            ) from None

    def decode(self, data: bytes) -> Any:
        """Return the value of a result or row; raise RecordError for unreadable text."""
        try:
            return self._value.decode(data)
        except _UNREADABLE:
            raise RecordError(
                "rpc.row", "the record's text cannot be read", remedy="Correct it in the source"
            ) from None


def _unreadable(body: bytes, error: Exception) -> ProtocolError | TransientError:
    if not body:
        return ProtocolError("rpc.not_json", "the answer is empty", remedy="Check the path")
    if body.lstrip()[:1] == b"<":
        return ProtocolError(
            "rpc.not_json",
            f"{_NOT_JSON} but a web page",
            remedy="Check the path; a proxy or a login page may answer in the system's place",
        )
    if "truncated" in str(error):
        return TransientError("rpc.truncated", "the answer ends in the middle")
    return ProtocolError("rpc.not_json", _NOT_JSON, remedy="Check the path and the protocol")
