"""Descriptions that a system offers of itself: OpenAPI 2 and 3, and OData's ``$metadata``.

Guarantee: a description is a hint, read as far as it goes; it is never followed to another
document, and what refers to itself ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.http_addresses import describe
from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply
from midspan.kernel.catalog import CatalogField
from midspan.kernel.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Offered:
    """A list that a description offers; ``config`` is ready to be pasted into a stream."""

    path: str
    kind: str
    fields: tuple[CatalogField, ...]
    key: tuple[str, ...] = ()
    label: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


def read_description(reply: Reply) -> Sequence[Offered]:
    """Return the lists that a reply describes; raise ProtocolError for what is none."""
    raise_for_status(reply)
    body = reply.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if body.startswith(b"<"):
        from adapters.rest.odata import read_metadata

        found = read_metadata(body)
    else:
        from adapters.rest.openapi import read_openapi

        found = read_openapi(_tree(body))
    if found is None:
        raise ProtocolError(
            "rest.description",
            f"{describe(reply.url)} is no OpenAPI document and no OData metadata",
            remedy="Correct the system's key 'describe'",
        )
    return found


def _tree(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return msgspec.yaml.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
