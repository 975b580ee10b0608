"""What a protocol is: the envelope around method, parameters and result.

Guarantee: a reply is either a ``Result`` or a ``Fault``, never silently neither. Rows are
decoded a page at once and keep the very bytes they came in; one that cannot be read costs
itself alone. Numbers with a fraction become Decimals, so nothing is rounded. However deep or
odd a reply is, it ends in an error of ours.

A protocol is a class with the methods of ``Wire`` (``jsonrpc``, ``xmlrpc``); the adapter knows
nothing else of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from midspan.kernel.errors import ProtocolError, RecordError, TransientError


class Fault(Exception):
    """The other side's error reply; ``text`` is what it says and never leaves the adapter."""

    def __init__(self, text: str) -> None:
        super().__init__("error reply")
        self.text = text


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a result; ``origin(i)`` returns the bytes of row i as they came.

    ``damaged`` holds the error of each row that cannot be read; its value is then only what
    could be made of it, good enough to find its key.
    """

    values: Sequence[Any]
    origin: Callable[[int], bytes]
    damaged: Mapping[int, RecordError] = field(default_factory=dict)


class Result(Protocol):
    """What a call returned."""

    def value(self) -> Any:
        """Return it whole; raise RecordError for what cannot be read."""
        ...

    def rows(self, path: str) -> Rows:
        """Return the rows in the list at ``path``; raise ProtocolError ``rpc.rows``."""
        ...


class Wire(Protocol):
    """A protocol's envelope."""

    content_type: str

    def request(self, method: str, params: Any, members: Mapping[str, Any] | None = None) -> bytes:
        """Return the body of a call; raise RecordError ``rpc.unsendable``.

        ``members`` stand beside the parameters where the protocol has a place for them.
        """
        ...

    def result(self, body: bytes) -> Result:
        """Return what a reply of success holds; raise Fault for an error reply."""
        ...

    def complaint(self, body: bytes) -> str:
        """Return what a reply of another status says of its error; empty when it is none."""
        ...


def no_rows(path: str) -> ProtocolError:
    """Return the error for a result that holds no list of rows where it should."""
    place = f"at '{path}' of the result" if path else "in the result"
    return ProtocolError(
        "rpc.rows", f"there is no list of rows {place}", remedy="Correct read.rows"
    )


def bad_row() -> RecordError:
    """Return the error for a record whose text cannot be read."""
    return RecordError(
        "rpc.row", "the record's text cannot be read", remedy="Correct it in the source"
    )


def unreadable(body: bytes, code: str, name: str) -> ProtocolError:
    """Return the error for a reply that is not in the protocol's form, which is ``name``."""
    if not body.strip():
        return ProtocolError(code, "the answer is empty", remedy="Check the path")
    if _looks_like_a_page(body):
        return ProtocolError(
            code,
            f"the answer is not {name} but a web page",
            remedy="Check the path; a proxy or a login page may answer in the system's place",
        )
    return ProtocolError(
        code, f"the answer is not {name}", remedy="Check the path and the protocol"
    )


def cut_off() -> TransientError:
    """Return the error for a reply that ends in the middle."""
    return TransientError("rpc.truncated", "the answer ends in the middle")


def _looks_like_a_page(body: bytes) -> bool:
    return b"<html" in body[:1024].lower() or body.lstrip()[:9].lower() == b"<!doctype"
