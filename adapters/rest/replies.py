"""What a reply holds: values at paths, and the records of a list.

Guarantee: a reply that is not of the configured format is refused by name, never read as if it
were empty. A record that cannot be read is set aside with its own bytes; the rest of its page
goes on. Numbers with a fraction are Decimals, and nothing is rounded.
"""

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol

from adapters.http_addresses import describe
from adapters.http_replies import Reply
from adapters.rest.shape import Shape
from adapters.rest.spec import Format
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Reject, Row

HEADER = "header:"


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one reply, in order: each a row of ``columns``, or a reject.

    ``raw`` gives a record's own bytes, ``names`` the members that any record has.
    """

    columns: tuple[str, ...]
    items: Sequence[Row | Reject]
    clean: bool
    place: str
    raw: Callable[[int], bytes]
    names: Callable[[], set[str]]

    def where(self, at: int) -> str:
        """Return where a record stands."""
        return f"{self.place}, record {at + 1}"


class Document(Protocol):
    """A reply's content. Paths are those of the configuration."""

    def value(self, path: str) -> Any:
        """Return the value at a path; None where there is none."""
        ...

    def text(self, path: str) -> str:
        """Return what stands at a path as text, to be searched for a pattern."""
        ...

    def records(self, shape: Shape, place: str) -> Records:
        """Return the records of a list; raise ProtocolError where none can stand."""
        ...


def open_document(reply: Reply, form: Format, encoding: str | None) -> Document:
    """Return a reply's content; raise ProtocolError or TransientError when it is another."""
    where = describe(reply.url)
    if form == "xml":
        from adapters.rest.xml_rows import XmlDocument

        return XmlDocument.parse(reply.body, encoding or _charset(reply), where)
    from adapters.rest.json_rows import JsonDocument

    return JsonDocument(_utf8(reply, encoding), where)


def take(document: Document, reply: Reply, path: str) -> Any:
    """Return a value of a reply: at a path of its content, or a header."""
    if path.startswith(HEADER):
        return reply.headers.get(path.removeprefix(HEADER))
    return document.value(path)


def no_rows(path: str, where: str, known: str) -> ProtocolError:
    """Return the error for a reply that has no list where one must be."""
    place = f"at '{path}'" if path else "in it"
    return ProtocolError(
        "rest.rows",
        f"the reply of {where} has no list of records {place}",
        remedy=f"Correct 'rows'. {known}".strip(),
    )


def _utf8(reply: Reply, encoding: str | None) -> bytes:
    """Return a JSON reply in UTF-8: what it declares counts only where its bytes are none."""
    body = reply.body.removeprefix(codecs.BOM_UTF8)
    if encoding is None:
        declared = _charset(reply)
        if declared is None or declared == "utf-8" or _is_utf8(body):
            return body
        encoding = declared
    return body.decode(encoding, "replace").encode()


def _charset(reply: Reply) -> str | None:
    """Return the charset that a reply declares, if it is a known one."""
    header = Message()
    header["Content-Type"] = reply.headers.get("Content-Type") or "application/json"
    declared = header.get_content_charset()
    try:
        # Python also knows codecs that are none of texts (hex), or know no replacement (idna).
        b"\xff".decode(declared or "utf-8", "replace")
        return codecs.lookup(declared).name if declared else None
    except (LookupError, UnicodeError):
        return None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def carried(
    carry: Mapping[str, tuple[str, ...]],
    steps: Sequence[str],
    depth: int,
    find: Callable[[Sequence[str]], Any],
) -> Iterator[tuple[str, Any]]:
    """Yield the values that the record at ``depth`` of a path gives to the rows inside it.

    ``find`` follows steps from that record.
    """
    for name, path in carry.items():
        here = tuple(path[:depth]) == tuple(steps[:depth])
        if (
            here
            and len(path) > depth
            and tuple(path[depth : depth + 1]) != tuple(steps[depth : depth + 1])
        ):
            yield name, find(path[depth:])
