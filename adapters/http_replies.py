"""A whole reply over HTTP, and the moments that its headers tell.

Guarantee: a header that is nonsense counts as one that is not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply of any status; ``headers`` is case-insensitive, ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def date(self) -> datetime | None:
        """Return the server's own clock from its Date header, in UTC; None without one."""
        return parse_http_date(self.headers.get("Date"))


def parse_http_date(text: str | None) -> datetime | None:
    """Return an HTTP date in UTC; None for none or nonsense."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_retry_after(text: str | None) -> float | None:
    """Return a Retry-After header in seconds from now; None for none or nonsense."""
    if text and text.strip().isdecimal():
        return float(text)
    moment = parse_http_date(text)
    if moment is None:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
