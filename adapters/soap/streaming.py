"""Reads a reply of any size in bounded memory: from the network to the disk, and from there.

Guarantee: the reply is whole before its first row is read, so that a connection that breaks
loses nothing; memory is bounded by one batch. A walk that is resumed begins anew. Replies that
cannot be read piece by piece (signed, of several parts, with references) are refused. What
stands around the rows is judged like that of any other reply.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any

from lxml import etree

from adapters.http_replies import Reply as HttpReply
from adapters.pages import Walked
from adapters.soap import xml
from adapters.soap.listing import Found, Listing
from adapters.soap.reading import Reply, announced
from adapters.soap.replies import media_type
from adapters.soap.service import Request
from midspan.kernel.errors import ProtocolError, TransientError

BATCH = 1000
_HEAD = 1 << 20
_FRAME = 3
"""Envelope, body and payload stand around every path."""


def stream_records(listing: Listing, values: Mapping[str, Any]) -> Iterator[Walked[list[Found]]]:
    """Yield the records of one call, a batch at a time; only the last one's position is an end."""
    operation = listing.spec.operation
    if listing.spec.document is not None or listing.session.verifies:
        raise _refused(operation, "signed, or a document within a text")
    with tempfile.TemporaryFile() as file:

        def fetch() -> Request:
            request, reply = listing.session.store(operation, listing.arguments, values, file)
            _require_plain(listing, request, reply, file)
            return request

        request = listing.session.relogin_once(fetch)
        file.seek(0)
        yield from _batches(
            listing, _Stream(file, listing.spec.rows.split("."), operation), request
        )


def _require_plain(listing: Listing, request: Request, reply: HttpReply, file: IO[bytes]) -> None:
    """Raise unless the stored reply is one that can be read piece by piece."""
    file.seek(0)
    head = file.read(_HEAD)
    if media_type(reply)[0] == "multipart/related":
        raise _refused(request.operation, "of several parts")
    if b"<!DOCTYPE" in head:
        xml.parse(head, f"the reply of {request.operation}")
    if len(head) < _HEAD or b"Fault" in head or reply.status // 100 != 2:
        listing.session.service.judged(request, replace(reply, body=head))


def _batches(
    listing: Listing, stream: "_Stream", request: Request
) -> Iterator[Walked[list[Found]]]:
    piece = Reply(etree.Element("streamed"))
    piece.typed = True  # what its elements say of themselves shows only when they come
    scope = listing.reader.scope(piece)
    waiting: list[Found] = []
    for number, element in enumerate(stream.rows(), start=1):
        waiting.append(Found(element, scope, f"reply, record {number}"))
        if len(waiting) == BATCH:
            yield Walked(waiting, {"read": False})
            waiting = []
    rest = listing.session.service.accepted(request, stream.root)
    listing.reader.find(listing.reader.scope(rest))
    told = listing.number(rest, listing.spec.count, "count")
    if max(told or 0, stream.promised) > stream.count:
        raise ProtocolError(
            "adapter.silent_loss",
            f"the reply of {request.operation} announces more records than the"
            f" {stream.count} it holds",
            remedy="The reply is not whole: ask the system's owner",
        )
    yield Walked(waiting, {"read": True})


@dataclass(slots=True)
class _Stream:
    """A stored reply; ``root`` is what is left of it when the rows are gone."""

    file: IO[bytes]
    steps: list[str]
    operation: str
    root: Any = None
    count: int = 0
    promised: int = 0

    def rows(self) -> Iterator[etree._Element]:
        """Yield the row elements, each taken out of the tree when the next one comes."""
        events = etree.iterparse(
            self.file,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        way: list[str] = []
        last = None
        try:
            for event, element in events:
                if event == "start":
                    way.append(xml.local(element))
                    self._begun(element, way[_FRAME:])
                    continue
                if way[_FRAME:] == self.steps:
                    self.count += 1
                    yield element
                    _take_out(last)
                    last = element
                way.pop()
        except etree.XMLSyntaxError:
            raise TransientError(
                "soap.truncated", f"the reply of {self.operation} breaks off, or is no XML"
            ) from None
        self.root = events.root

    def _begun(self, element: etree._Element, way: list[str]) -> None:
        if (element.get("href") or "").startswith("#"):
            raise _refused(self.operation, "full of references")
        if way == self.steps[:-1]:
            self.promised += announced(element) or 0


def _take_out(element: etree._Element | None) -> None:
    """Take an element out of its tree; who still holds it keeps it."""
    parent = element.getparent() if element is not None else None
    if element is not None and parent is not None:
        parent.remove(element)


def _refused(operation: str, why: str) -> ProtocolError:
    return ProtocolError(
        "soap.streaming_refused",
        f"the reply of {operation} is {why}, and cannot be read piece by piece",
        remedy="Remove 'streaming' from the stream, and raise max_reply_mb",
    )
