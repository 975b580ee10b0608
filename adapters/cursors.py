"""Which fields may order a stream's changes, each with the evidence for it.

Guarantee: an opinion, never a decision. A candidate says in sentences why it may be one and
what speaks against it; a person who knows the system decides. No value of a record is told,
only counts and ages.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from adapters.inference import Reading
from adapters.stand_ins import Empty, without_stand_ins, without_zeros
from midspan.kernel.catalog import CursorCandidate
from midspan.kernel.cursor import CursorKind

_CHANGE = re.compile(
    r"(write|updat|modif|chang|chg|edit|touch|mutat|revis|last_?(upd|mod|chg|sync)|l?mtime"
    r"|aedat|aedtm|laeda|udate|_upd$|_mod$|ge?aend|geänd|änder|aender|letzte)",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"(row_?ver|version|revision|change_?(no|nr|num|id|seq)|^seq|_seq$|sequence|^usn$|scn$|lsn$)",
    re.IGNORECASE,
)
_CREATION = re.compile(
    r"(creat|insert|added|regist|erdat|erfass|angelegt|anlage|entry_?(date|time)|^ctime|_crt)",
    re.IGNORECASE,
)
_BUSINESS = re.compile(
    r"(birth|geburt|deliver|liefer|order|bestell|invoice|rechn|due|fällig|valid|gueltig|gültig"
    r"|from$|until|_to$|start|end$|expir|ship|paid|pay|book|post|sale|price|contract|since|hire)",
    re.IGNORECASE,
)
_EPOCHS: tuple[tuple[str, float, float], ...] = (
    ("seconds", 1.0, 1e8),
    ("milliseconds", 1e3, 1e11),
    ("microseconds", 1e6, 1e14),
)
_LATEST_EPOCH = 4e9  # the year 2096
_FEWEST = 0.1
_MOST = 5
_TELLING = 10
_DAY = timedelta(days=1)
_FARTHEST_ZONE = timedelta(hours=14)


@dataclass(slots=True)
class _Case:
    """What speaks for one field, gathered."""

    name: str
    reading: Reading
    type: CursorKind
    score: float
    empty: Empty = ()
    evidence: list[str] = field(default_factory=list)

    def say(self, points: float, sentence: str) -> None:
        self.score += points
        self.evidence.append(sentence)

    def done(self) -> CursorCandidate:
        score = round(min(max(self.score, 0.0), 1.0), 2)
        evidence = tuple(self.evidence)
        form = self.reading.format
        return CursorCandidate((self.name,), self.type, score, evidence, form, self.empty)


def find_cursors(
    readings: Mapping[str, Reading],
    *,
    key: Sequence[str] = (),
    indexed: Collection[str] = (),
    now: datetime | None = None,
) -> tuple[CursorCandidate, ...]:
    """Return at most five candidates, best first; ``readings`` are a sample's columns by name.

    A pair such as ``write_date``, ``create_date`` says which field counts where the first is
    still empty.
    """
    order = readings[key[0]] if len(key) == 1 and key[0] in readings else None
    cases = []
    for name, reading in readings.items():
        case = _case(name, reading, name in key)
        if case is not None:
            _weigh(case, order if name not in key else None, name in indexed, now)
            cases.append(case)
    found = [*_pairs(cases), *(case.done() for case in cases)]
    found.sort(key=lambda one: (-one.score, -len(one.fields)))
    return tuple(one for one in found if one.score >= _FEWEST)[:_MOST]


def _case(name: str, reading: Reading, is_key: bool) -> _Case | None:
    if reading.type == "datetime":
        reading, empty = without_stand_ins(reading)
        return _named(_Case(name, reading, "datetime", 0.4, empty))
    if reading.type == "date":
        reading, empty = without_stand_ins(reading)
        case = _Case(name, reading, "date", 0.25, empty)
        case.say(0, "has date only: ties within the day")
        return _named(case)
    return _counting(name, reading, is_key) if reading.type in ("integer", "decimal") else None


def _counting(name: str, reading: Reading, is_key: bool) -> _Case | None:
    unit = _epoch(reading)
    if unit is not None and not is_key:
        reading, empty = without_zeros(reading)
        case = _Case(name, reading, "integer", 0.35, empty)
        case.say(0, f"counts {unit} since 1970: lookback is a number of {unit}")
        return _named(case)
    if is_key and reading.type == "integer":
        case = _Case(name, reading, "integer", 0.15)
        case.say(0, "is the key: finds new records, never changed ones")
        return case
    if _COUNTER.search(_leaf(name)) and reading.type == "integer":
        case = _Case(name, reading, "integer", 0.3)
        case.say(0.2, "named like a counter of changes")
        return case
    return None


def _epoch(reading: Reading) -> str | None:
    present = [value for value in reading.moments if value is not None]
    if not present or reading.type != "integer":
        return None
    for unit, factor, least in _EPOCHS:
        if all(value == 0 or least <= value < _LATEST_EPOCH * factor for value in present):
            return unit if any(present) else None
    return None


def _named(case: _Case) -> _Case:
    leaf = _leaf(case.name)
    if _CHANGE.search(leaf):
        case.say(0.3, "named like a change stamp")
    elif _CREATION.search(leaf):
        case.say(-0.1, "named like a creation stamp: changes would be missed")
    elif _BUSINESS.search(leaf):
        case.say(-0.25, "named like a date of business, not of change")
    return case


def _weigh(case: _Case, key: Reading | None, indexed: bool, now: datetime | None) -> None:
    _weigh_blanks(case)
    _weigh_form(case)
    if now is not None:
        _weigh_age(case, now)
    if indexed:
        case.say(0.05, "indexed")
    if key is not None and case.type != "integer" and _rises_with(key, case.reading):
        case.say(-0.1, "goes up with the key: rather a creation stamp")


def _weigh_blanks(case: _Case) -> None:
    rows, blanks = case.reading.rows, case.reading.blanks
    if not rows:
        return
    if not blanks:
        case.say(0.1, f"never empty in {rows} rows" if rows > 1 else "not empty in the one row")
    elif blanks == rows:
        case.say(-0.3, f"empty in all {rows} rows")
    else:
        case.say(-0.1 - 0.2 * blanks / rows, f"empty in {blanks} of {rows} rows")
    if case.empty:
        case.say(0, f"{', '.join(map(str, case.empty))} stands for no stamp")
    elif case.reading.stand_ins:
        case.say(0, "empty is a blank text or a date of zeros")
    if rows >= _TELLING and len({one for one in case.reading.moments if one is not None}) == 1:
        case.say(-0.3, "the same wherever it is filled")


def _weigh_form(case: _Case) -> None:
    reading = case.reading
    if reading.type not in ("date", "datetime"):
        return
    if not reading.sorts:
        case.say(-0.15, "its texts do not sort by time: the source itself must read them as times")
    if reading.unsure:
        case.say(-0.05, "day and month cannot be told apart in the sample")
    if reading.type == "datetime" and not reading.zoned and reading.moments:
        case.say(0, "does not say its zone")


def _weigh_age(case: _Case, now: datetime) -> None:
    newest = _newest(case.reading)
    if newest is None:
        return
    age = now.astimezone(UTC).replace(tzinfo=None) - newest
    if age < -_DAY:
        case.say(-0.3, f"newest value {_span(-age)} after the source's clock")
    elif age < timedelta(0):
        local = case.reading.type == "datetime" and not case.reading.zoned
        ahead = local and -age <= _FARTHEST_ZONE
        told = ", as a local time would be" if ahead else ""
        case.say(0.1, f"newest value {_span(-age)} after the source's clock in UTC{told}")
    else:
        points = 0.15 if age <= _DAY else 0.05 if age <= 30 * _DAY else 0.0
        case.say(points, f"newest value {_span(age)} before the source's clock")


def _newest(reading: Reading) -> datetime | None:
    present = [value for value in reading.moments if value is not None]
    if not present:
        return None
    newest = max(present)
    if isinstance(newest, datetime):
        return newest
    unit = _epoch(reading)
    factor = next((factor for name, factor, _ in _EPOCHS if name == unit), None)
    return datetime.fromtimestamp(newest / factor, UTC).replace(tzinfo=None) if factor else None


def _rises_with(key: Reading, stamp: Reading) -> bool:
    if len(key.moments) != len(stamp.moments):
        return False
    both = [
        (number, moment)
        for number, moment in zip(key.moments, stamp.moments, strict=True)
        if number is not None and moment is not None
    ]
    if len({moment for _, moment in both}) < _TELLING:
        return False
    return all(one[1] <= two[1] for one, two in pairwise(sorted(both)))


def _pairs(cases: Sequence[_Case]) -> list[CursorCandidate]:
    """Return each change stamp with empty rows beside a creation stamp that fills them."""
    firsts = [one for one in cases if _CHANGE.search(_leaf(one.name)) and one.reading.blanks]
    seconds = [one for one in cases if _CREATION.search(_leaf(one.name))]
    return [_pair(one, two) for one in firsts for two in seconds if _fills(one, two)]


def _fills(first: _Case, second: _Case) -> bool:
    one, two = first.reading, second.reading
    if one.blanks == one.rows:
        return first.type == second.type
    if _parent(first.name) != _parent(second.name) or (first.type, one.zoned, one.format) != (
        second.type,
        two.zoned,
        two.format,
    ):
        return False
    moments = one.moments or [None] * one.rows
    return all(a is not None or b is not None for a, b in zip(moments, two.moments, strict=True))


def _pair(first: _Case, second: _Case) -> CursorCandidate:
    names = (first.name, second.name)
    never_empty = f"where {first.name} is empty {second.name} is not"
    evidence = (*first.evidence, never_empty)
    blank_share = first.reading.blanks / max(first.reading.rows, 1)
    score = round(min(max(first.score + 0.25 + 0.2 * blank_share, 0.0), 1.0), 2)
    format_ = first.reading.format or second.reading.format
    empty = tuple(dict.fromkeys((*first.empty, *second.empty)))
    return CursorCandidate(names, first.type, score, evidence, format_, empty)


def _span(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a second"


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _parent(name: str) -> str:
    return name.rpartition(".")[0]
