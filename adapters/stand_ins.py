"""Values that stand where a stamp would: dates that programs write for *none*.

Guarantee: only dates that no record of a running system was changed on. They are named by
themselves, since a cursor has to declare them; no other value is told.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.inference import Reading

Empty = tuple[str | int, ...]

_DATES = (
    "1601-01-01",
    "1753-01-01",
    "1899-12-30",
    "1899-12-31",
    "1900-01-01",
    "1970-01-01",
    "9999-12-31",
)


def without_stand_ins(reading: Reading) -> tuple[Reading, Empty]:
    """Return a reading of dates with such rows as blank ones, and what has to be declared."""
    midnights = {datetime.fromisoformat(one): one for one in _DATES}
    return _blanked(reading, midnights) if reading.type in ("date", "datetime") else (reading, ())


def without_zeros(reading: Reading) -> tuple[Reading, Empty]:
    """Return a reading of epochs with the zeros as blank rows, and what has to be declared."""
    return _blanked(reading, {0: 0})


def _blanked(reading: Reading, known: dict[Any, Any]) -> tuple[Reading, Empty]:
    found = dict.fromkeys(known[one] for one in reading.moments if one in known)
    if not found or all(one is None or one in known for one in reading.moments):
        return reading, ()
    moments: Sequence[Any] = [None if one in known else one for one in reading.moments]
    blanks = sum(one is None for one in moments)
    return replace(reading, moments=moments, blanks=blanks), tuple(found)
