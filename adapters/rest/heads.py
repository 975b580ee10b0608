"""What a page says beside its records: whether the list goes on, where, and how long it is.

Guarantee: an address that a reply names loses its host and its credentials; one on another host
is refused. A path that leads to nothing is told, for the end of the list may stand there.
"""

from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from requests.utils import parse_header_links

from adapters.http_addresses import describe
from adapters.http_replies import Reply
from adapters.rest.calls import strip_query
from adapters.rest.client import RestClient
from adapters.rest.replies import HEADER, Document, take
from adapters.rest.spec import PagingSpec
from adapters.templates import as_text
from midspan.kernel.errors import ProtocolError

_LONGEST_COUNT = 18
_TRUE = frozenset({"true", "1", "yes", "y"})


class Head:
    """Reads the heads of one list's pages."""

    def __init__(self, client: RestClient, paging: PagingSpec) -> None:
        self._client = client
        self._paging = paging

    @property
    def members(self) -> frozenset[str]:
        """The outermost members of a reply that are looked at."""
        told = (self._paging.next, self._paging.more, self._paging.total)
        paths = [path for path in told if path and not path.startswith(HEADER)]
        return frozenset([*paths, *(path.partition(".")[0] for path in paths)])

    def more(self, document: Document, reply: Reply) -> bool | None:
        """Return whether the list goes on; None where that is not told."""
        told = self._told(document, reply, self._paging.more)
        return None if told is None else as_text(told).lower() in _TRUE

    def total(self, document: Document, reply: Reply) -> int | None:
        """Return how many records the list has; None where that is not told.

        Some systems do not count a long list, and tell a number below zero.
        """
        told = self._told(document, reply, self._paging.total)
        return None if told is None else _count(told, describe(reply.url))

    def next(self, document: Document, reply: Reply) -> Any:
        """Return what names the next page; an address loses its host and its credentials."""
        style = self._paging.style
        linked = _link(reply)
        if style == "none" and linked:
            raise ProtocolError(
                "adapter.silent_loss",
                f"{describe(reply.url)} announces a next page, and no paging is configured",
                remedy="Configure paging for the stream, with style link",
            )
        if style == "cursor" and self._paging.next:
            return _plain(take(document, reply, self._paging.next))
        if style not in ("next", "link"):
            return None
        told = linked if style == "link" else take(document, reply, self._paging.next or "")
        if not told:
            return None
        parts = urlsplit(self._client.own(as_text(told), reply.url))
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return strip_query(path, self._client.auth.query_names)

    def _told(self, document: Document, reply: Reply, path: str | None) -> Any:
        if path is None:
            return None
        value = take(document, reply, path)
        if value is None:
            raise ProtocolError(
                "rest.path",
                f"the reply of {describe(reply.url)} holds nothing at '{path}'",
                remedy="Correct the paths under paging",
            )
        return value


def _plain(value: Any) -> Any:
    """Return a value as a position may hold it."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def _count(value: Any, where: str) -> int | None:
    text = as_text(value)
    if text.startswith("-") and text[1:].isdecimal():
        return None
    if not text.isdecimal() or len(text) > _LONGEST_COUNT:
        raise ProtocolError(
            "rest.path",
            f"the total in the reply of {where} is no number",
            remedy="Correct the path under paging.total",
        )
    return int(text)


def _link(reply: Reply) -> str | None:
    """Return the address that a Link header calls next."""
    links = parse_header_links(reply.headers.get("Link") or "")
    found = (link.get("url") for link in links if "next" in link.get("rel", "").lower().split())
    return next(found, None)
