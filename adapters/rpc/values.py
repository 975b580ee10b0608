"""Values as they travel, and as Python has them.

Guarantee: what a system wraps to keep it exact (a decimal, a date) arrives as that very
value, and is wrapped the same way when it is sent. Related records become plain nested
dictionaries and lists; a name that ends with a dot (``country.``: the record beside its id)
loses the dot, and the record stands in place of the id.
"""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from midspan.kernel.errors import RecordError

_CLOCK = ("hour", "minute", "second", "microsecond")
_DAY = ("year", "month", "day")
_NESTED = (dict, list)


@dataclass(frozen=True, slots=True)
class Typed:
    """How values are sent that plain JSON or XML-RPC has no form for.

    ``tag`` marks them; types that are ``native`` to the protocol travel as they are. Without
    a tag, date-times take ``datetimes`` (a ``strftime`` format) or ISO 8601, and ``decimals``
    are numbers or texts. A date-time with a zone is sent in UTC.
    """

    tag: str | None = None
    datetimes: str | None = None
    decimals: Literal["number", "text"] = "number"
    native: Collection[type] = ()

    def wrap(self, value: Any) -> Any:
        """Return a value as it is sent."""
        if isinstance(value, Mapping):
            return {name: self.wrap(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.wrap(item) for item in value]
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        if self.tag is not None:
            return value if type(value) in self.native else _mark(value, self.tag)
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, datetime) and self.datetimes is not None:
            return value.strftime(self.datetimes)
        if type(value) in self.native:
            return value
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        return value


def unwrap(value: Any, tag: str | None) -> Any:
    """Return a received value with wrapped ones restored and nested names cleaned.

    Raises RecordError ``rpc.value`` for a wrapped value that is none.
    """
    if isinstance(value, list):
        return [unwrap(item, tag) if isinstance(item, _NESTED) else item for item in value]
    if not isinstance(value, dict):
        return value
    if tag is not None and tag in value:
        return _restore(value, value[tag])
    plain = {}
    beside = {}
    for name, part in value.items():
        known = unwrap(part, tag) if isinstance(part, _NESTED) else part
        if name[-1:] == ".":
            beside[name[:-1]] = known
        else:
            plain[name] = known
    return plain | beside if beside else plain


def _restore(value: Mapping[str, Any], kind: Any) -> Any:
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return dict(value)
    try:
        return reader(value)
    except (KeyError, TypeError, ValueError, InvalidOperation, OverflowError, binascii.Error):
        raise RecordError(
            "rpc.value",
            f"a wrapped {kind} cannot be read",
            remedy="Correct the record in the source",
        ) from None


def _mark(value: Any, tag: str) -> Any:
    if isinstance(value, datetime):
        parts = {name: getattr(value, name) for name in (*_DAY, *_CLOCK)}
        return {tag: "datetime", **parts}
    if isinstance(value, date):
        return {tag: "date", **{name: getattr(value, name) for name in _DAY}}
    if isinstance(value, time):
        return {tag: "time", **{name: getattr(value, name) for name in _CLOCK}}
    if isinstance(value, timedelta):
        return {tag: "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return {tag: "Decimal", "decimal": str(value)}
    if isinstance(value, bytes):
        return {tag: "bytes", "base64": base64.b64encode(value).decode()}
    return value


def _datetime(value: Mapping[str, Any]) -> datetime:
    # Which zone it is in is the knowledge of the stream's cursor or of the mapping.
    parts = [value[name] for name in _DAY] + [value.get(name, 0) for name in _CLOCK]
    return datetime(*parts)  # noqa: DTZ001 naive on purpose, see above


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "datetime": _datetime,
    "date": lambda value: date(*(value[name] for name in _DAY)),
    "time": lambda value: time(*(value.get(name, 0) for name in _CLOCK)),
    "timedelta": lambda value: timedelta(seconds=float(value["seconds"])),
    "Decimal": lambda value: Decimal(value["decimal"]),
    "bytes": lambda value: base64.b64decode(value["base64"]),
}
