"""What each style of paging needs of a stream's call.

Guarantee: what cannot work is told when the adapter is made, before any call.
"""

from collections.abc import Set

from adapters.base import BoundStream
from adapters.rest.spec import PagingSpec
from config.binding import nearest
from midspan.kernel.errors import MidspanError

_NEEDS = {"page": ("page",), "offset": ("offset", "row_from"), "cursor": ("cursor",)}


def by_cursor(stream: BoundStream, paging: PagingSpec) -> bool:
    """Return whether a keyset goes on by the field that orders the changes."""
    return stream.cursor is not None and paging.field in stream.cursor.fields


def check_paging(stream: BoundStream, paging: PagingSpec, names: Set[str]) -> None:
    """Raise for what the style needs and does not have; ``names`` are the call's placeholders."""
    needed = _NEEDS.get(paging.style, ())
    if paging.style == "keyset":
        needed = ("after", "lower") if by_cursor(stream, paging) else ("after",)
    if needed and not names & set(needed):
        what = f"its call has no placeholder '{{{needed[0]}}}'"
        raise _wrong(stream, paging, what, "Add it to the query")
    if paging.style in ("cursor", "next") and not paging.next:
        what = "it does not say where the next page is named"
        raise _wrong(stream, paging, what, "Add paging.next")
    known = [*stream.primary_key[:1], *(stream.cursor.fields if stream.cursor else ())]
    if paging.style == "keyset" and paging.field not in known:
        what = "paging.field is neither its key nor its cursor"
        raise _wrong(stream, paging, what, nearest(paging.field or "", known))


def _wrong(stream: BoundStream, paging: PagingSpec, what: str, remedy: str) -> MidspanError:
    return MidspanError(
        "rest.paging",
        f"the stream '{stream.name}' cannot be paged by {paging.style}: {what}",
        remedy=remedy,
    )
