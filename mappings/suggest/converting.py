"""Finds the converter and its options that fit a column's sampled values, by trying them.

Each candidate is the very converter that the mapping will use. The first of those that take
the greatest share of the values wins; what share that is stands in the draft.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.converters.registry import Converter, converters
from mappings.suggest.columns import Column
from mappings.suggest.forms import KIND_WORDS, NO, STATUS_WORDS, YES
from mappings.suggest.languages import LANGUAGE_WORDS
from mappings.suggest.profile import Profile
from mappings.suggest.words import fold
from mappings.values import Refused

Expression = Any
"""An expression as it stands in a mapping file: text, number, list or mapping."""

_DATE_FORMATS = (
    "%Y%m%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y%m%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d%m%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%SZ",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y%m%d%H%M%S",
)
_NO_DATES = (
    "0000-00-00",
    "00000000",
    "0000-00-00 00:00:00",
    "9999-12-31",
    "99991231",
    "00.00.0000",
)
_DECIMALS: tuple[dict[str, Any], ...] = (
    {},
    {"mark": ","},
    {"mark": ",", "grouping": "."},
    {"grouping": ","},
    {"mark": ",", "grouping": " "},
    {"grouping": "'"},
)
_ENOUGH = 0.98
_MOST_CASES = 12
_LONG_CODE = 6


@dataclass(frozen=True, slots=True)
class Converted:
    """An expression for a column, and the share of its values that it takes.

    ``share`` is None where nothing is converted or the sample shows no value; ``note`` says
    what a person has to know of the choice.
    """

    expression: Expression
    share: float | None = None
    note: str = ""


def read(path: str, *, via: Any = None) -> Expression:
    """Return the expression that reads a path, through a converter."""
    return {"path": path} if via is None else {"path": path, "via": via}


def tested(column: Column) -> Expression:
    """Return the value of a column as a condition asks for it: without padding, if it has any."""
    return read(column.path, via="trim" if column.profile.padded else None)


def best(column: Column, names: Sequence[Any], so_far: Converted | None = None) -> Converted:
    """Return the first of several converters that takes most values, or what was as good.

    A converter is its name, or a mapping of its name to its options.
    """
    scored = [(_share(name, column.profile), name) for name in names]
    share, chosen = max(scored, key=lambda one: -1.0 if one[0] is None else one[0])
    if so_far is not None and (so_far.share or 0.0) >= (share or 0.0):
        return so_far
    return Converted(read(column.path, via=chosen), share)


def commonest_country(profile: Profile) -> str:
    """Return the code of the country that most of a column's values name; empty without one."""
    name, count = Counter(profile.texts).most_common(1)[0] if profile.texts else ("", 0)
    if count * 2 <= len(profile.texts):
        return ""
    found = converters()["country"]
    try:
        code: str | None = found.make(found.options())(name)
    except Refused:
        return ""
    return code or ""


def text(column: Column, *converter: str) -> Converted:
    """Return a text's expression; numbers are spelt."""
    via: list[str] = ["text"] if column.profile.numeric else []
    steps = [*via, *converter]
    return Converted(read(column.path, via=steps[0] if len(steps) == 1 else steps))


def decimal(column: Column) -> Converted:
    """Return a number's expression: its decimal mark and its groups, or implied places."""
    texts = column.profile.texts
    padded = [one for one in texts if one.isdigit() and len(one) >= _LONG_CODE]
    if texts and len(padded) == len(texts) and sum(one[0] == "0" for one in texts) * 2 > len(texts):
        option = {"decimal": {"implied_places": 2}}
        note = "digits without a point: two implied places are a guess"
        return Converted(read(column.path, via=option), _share(option, column.profile), note)
    forms = _by_marks(texts)
    return best(column, [{"decimal": one} if one else "decimal" for one in forms])


def _by_marks(texts: Sequence[str]) -> Sequence[dict[str, Any]]:
    """Return the forms of numbers, a comma as decimal mark first where groups cannot be meant."""
    groups = [one.rpartition(",")[2] for one in texts if one.count(",") == 1 and "." not in one]
    if any(len(one.rstrip("-")) != 3 for one in groups):
        return (*_DECIMALS[1:3], *_DECIMALS)
    return _DECIMALS


def day(column: Column) -> Converted:
    """Return a date's expression: its format, told from the values, and its stand-ins."""
    profile = column.profile
    stand_ins = sorted({one for one in profile.texts if one in _NO_DATES})
    real = [one for one in profile.texts if one not in _NO_DATES]
    empty = {"empty": stand_ins} if stand_ins else {}
    if profile.temporal and any("T" in one for one in profile.texts):
        note = "a date-time: cut to its day by a view or by the source"
        return Converted(read(column.path, via="date"), 0.0, note)
    options = [
        {"date": {**({"format": one} if one else {}), **empty}}
        for one in (_DATE_FORMATS[0], "", *_DATE_FORMATS[1:])
    ]
    scored = [(_share_of(one, real), one) for one in options]
    share, chosen = max(scored, key=lambda one: one[0] or 0.0)
    fitting = [one for share_, one in scored if share_ == share and share_]
    unsure = len(fitting) > 1 and _swapped(fitting)
    note = "day and month could be meant the other way round" if unsure else ""
    via = chosen if chosen["date"] else "date"
    return Converted(read(column.path, via=via), share if real else None, note)


def _swapped(options: Iterable[dict[str, Any]]) -> bool:
    formats = {one["date"].get("format", "") for one in options}
    return bool(formats & {"%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"}) and bool(
        formats & {"%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y"}
    )


def boolean(column: Column) -> Converted:
    """Return the expression of yes and no: known words, else by words for a state."""
    profile = column.profile
    if profile.boolean or profile.empty or (_share("boolean", profile) or 0) >= _ENOUGH:
        return best(column, ["boolean"])
    # Where A says active, I says inactive, and not the yes of another language.
    states = {STATUS_WORDS.get(fold(one)) for one in profile.texts}
    known = STATUS_WORDS | dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
    known = STATUS_WORDS if states == {True, False} else known
    words = {one: known[fold(one)] for one in sorted(set(profile.texts)) if fold(one) in known}
    if words and (profile.status or profile.truth):
        share = profile.share(lambda one: one in words)
        yes = [one for one, meaning in words.items() if meaning]
        no = [one for one, meaning in words.items() if not meaning]
        via = {"boolean": {"yes": yes, "no": no}}
        return Converted(read(column.path, via=via), share)
    return best(column, ["boolean"])


def negated(column: Column) -> Converted:
    """Return the expression that is false where a column holds a mark, a date or yes."""
    profile, value = column.profile, tested(column)
    if profile.boolean:
        case = {"if": {**value, "equals": True}, "then": {"const": False}}
        return Converted({"when": [case], "else": {"const": True}})
    words = set(profile.texts)
    no = sorted(one for one in words if fold(one) in NO)
    if not words or not no or profile.date > 0.5:
        case = {"if": {**value, "missing": False}, "then": {"const": False}}
        return Converted({"when": [case], "else": {"const": True}}, note="anything there means no")
    yes = sorted(one for one in words if one not in no)
    known = all(fold(one) in YES or fold(one) in STATUS_WORDS for one in yes)
    values: list[Any] = [int(one) for one in yes] if profile.numeric else list(yes)
    if not values:
        values = [1] if profile.numeric else ["1", "X", "Y", "J"]
    case = {"if": {**value, "in": values}, "then": {"const": False}}
    return Converted(
        {"when": [case], "else": {"const": True}}, note="" if known else "read the words"
    )


def kind(column: Column) -> Converted:
    """Return the expression for person or company."""
    profile, value = column.profile, tested(column)
    if profile.truth or profile.boolean:
        yes: Any = (
            True
            if profile.boolean
            else _same(
                profile, [one for one in sorted(set(profile.texts)) if fold(one) in YES] or ["1"]
            )
        )
        is_person = any(
            word in fold(column.texts[0]) for word in ("person", "natur", "fisica", "privat")
        )
        met, other = ("person", "company") if is_person else ("company", "person")
        test = {**value, "in" if isinstance(yes, list) else "equals": yes}
        return Converted({"when": [{"if": test, "then": {"const": met}}], "else": {"const": other}})
    return cases(column, dict(KIND_WORDS.items()))


def language(column: Column) -> Converted:
    """Return the expression for a language: its code, or cases for what stands for one."""
    found = best(column, ["language"])
    if found.share is None or found.share >= 0.5:
        return found
    by_case = cases(column, LANGUAGE_WORDS)
    return by_case if (by_case.share or 0) > found.share else found


def cases(column: Column, known: Mapping[str, str]) -> Converted:
    """Return one case for each value of a column that a table of words explains."""
    profile = column.profile
    groups: dict[str, list[str]] = {}
    for one in sorted(set(profile.texts)):
        if fold(one) in known and len(groups) < _MOST_CASES:
            groups.setdefault(known[fold(one)], []).append(one)
    share = profile.share(lambda one: fold(one) in known)
    if not groups:
        return Converted(
            read(column.path), 0.0, "no converter reads these values: add a lookup table"
        )
    when = [
        {"if": {**tested(column), "in": _same(profile, values)}, "then": {"const": meaning}}
        for meaning, values in groups.items()
    ]
    return Converted({"when": when}, share)


def _same(profile: Profile, values: Sequence[str]) -> list[Any]:
    """Return texts as the source types them."""
    return [int(one) for one in values] if profile.numeric else list(values)


def _share(name: Any, profile: Profile) -> float | None:
    if profile.empty:
        return None
    if profile.boolean or profile.temporal or profile.numeric:
        there = [one for one in profile.values if one is not None and one != ""]
        return _share_of(name, there)
    return _share_of(name, profile.texts)


def _share_of(name: Any, values: Sequence[Any]) -> float | None:
    if not values:
        return None
    found, options = _converter(name)
    function = found.make(options)
    # By its number of different values: a sample repeats itself.
    verdicts: dict[Any, bool] = {}
    for value in values:
        if value not in verdicts:
            verdicts[value] = _takes(found, function, value)
    return sum(verdicts[value] for value in values) / len(values)


def _converter(name: Any) -> tuple[Converter, Any]:
    if isinstance(name, str):
        found = converters()[name]
        return found, found.options()
    ((word, options),) = name.items()
    found = converters()[word]
    given = {key: tuple(one) if isinstance(one, list) else one for key, one in options.items()}
    return found, found.options(**given)


def _takes(converter: Converter, function: Any, value: Any) -> bool:
    if not isinstance(value, converter.takes):
        return False
    try:
        function(value)
    except Refused:
        return False
    return True
