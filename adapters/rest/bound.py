"""Writes the first change to read in the form that a filter wants.

Guarantee: a bound is never later than what it stands for. What a form cannot hold (a fraction
of a second) is cut off; in the hour that a clock repeats, the filter begins an hour earlier.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.rest.spec import SinceSpec
from config.model import CursorConfig
from midspan.kernel.cursor import CursorCodec
from midspan.kernel.errors import MidspanError

_EPOCHS = {"epoch": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECOND = 10**11
"""From here on a number counts milliseconds: as seconds it would lie beyond the year 5100."""
_LAST = datetime(2999, 1, 1, tzinfo=UTC)
_MOST = 10**14
"""Numbers beyond what filters can hold ask for what is later than the last moment they know."""


class Bound:
    """Translates from the cursor's own form; ``format`` is one of strftime, or an epoch."""

    def __init__(self, cursor: CursorConfig, form: str | None, zone: str | None) -> None:
        self._codec = cursor.codec
        self._form = form
        self._zone = zone or cursor.zone

    def written(self, lower: str) -> str:
        """Return a bound in the filter's form; raises RecordError for what is no stamp."""
        return self.at(self._moment(self._codec.parse(lower)))

    def at(self, moment: datetime) -> str:
        """Return a moment in the filter's form."""
        if self._form in _EPOCHS:
            return str((moment - _BEGINNING) // _EPOCHS[self._form])
        if self._form and "%z" in self._form:
            return moment.astimezone(ZoneInfo(self._zone)).strftime(self._form)
        canonical = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return CursorCodec("datetime", self._zone, self._form).render(canonical)

    def _moment(self, canonical: str) -> datetime:
        if self._codec.kind == "integer":
            count = int(canonical)
            unit = "epoch" if count < _FIRST_MILLISECOND else "epoch_ms"
            return min(_LAST, _BEGINNING + min(count, _MOST) * _EPOCHS[unit])
        moment = datetime.fromisoformat(canonical)
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self._zone))


def bound_of(name: str, cursor: CursorConfig | None, since: SinceSpec | None) -> Bound | None:
    """Return what writes a stream's bounds; None where they stay as the cursor has them."""
    if since is None or not (since.format or since.zone):
        return None
    if cursor is None or cursor.type == "string":
        raise MidspanError(
            "rest.since",
            f"the filter of '{name}' has a format, and its cursor tells no time",
            remedy="Give the cursor the type datetime, or integer where it counts since 1970; or "
            "remove since.format and since.zone",
        )
    return Bound(cursor, since.format, since.zone)
