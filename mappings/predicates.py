"""What conditions test at run time; a missing value lies within nothing and is spelt like nothing.

Regular expressions are RE2's: the time they take grows with the text's length and no faster,
whatever a project file says.
"""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mappings.model import TextTest, Within
from mappings.values import CACHE_SIZE, expect, plain_decimal, utc
from shared_services.contracts.entities import FieldKind

MAX_PATTERN = 1_000
_TAKES: dict[FieldKind, tuple[type, ...]] = {
    "decimal": (int, Decimal),
    "date": (date,),
    "datetime": (datetime,),
}
_CANONICAL: dict[FieldKind, Callable[[Any], Any]] = {"decimal": plain_decimal, "datetime": utc}


def bounds(within: Within) -> Callable[[Any], bool]:
    """Return a test of a number, date or instant; another value is refused."""
    takes, canonical = _TAKES[within.kind], _CANONICAL.get(within.kind)

    def lies_within(value: Any) -> bool:
        if value is None or (value.__class__ is str and not value):
            return False
        found = expect(value, takes)
        found = canonical(found) if canonical else found
        return (
            (within.above is None or found > within.above)
            and (within.at_least is None or found >= within.at_least)
            and (within.below is None or found < within.below)
            and (within.at_most is None or found <= within.at_most)
        )

    return lies_within


def speller(test: TextTest, texts: tuple[str, ...]) -> Callable[[Any], bool]:
    """Return a test of a text; a value that is none is refused."""
    holds = _TESTS[test](texts)

    def is_spelt(value: Any) -> bool:
        if value is None or (value.__class__ is str and not value):
            return False
        return holds(expect(value, (str,)))

    return is_spelt


def _contains(texts: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda value: any(text in value for text in texts)


def _matches(texts: tuple[str, ...]) -> Callable[[str], bool]:
    patterns = [compiled(text) for text in texts]

    @lru_cache(maxsize=CACHE_SIZE)
    def holds(value: str) -> bool:
        try:
            return any(pattern.fullmatch(value) is not None for pattern in patterns)
        except UnicodeEncodeError:  # half a surrogate pair is no text that could match
            return False

    return holds


_TESTS: dict[TextTest, Callable[[tuple[str, ...]], Callable[[str], bool]]] = {
    "starts_with": lambda texts: lambda value: value.startswith(texts),
    "ends_with": lambda texts: lambda value: value.endswith(texts),
    "contains": _contains,
    "matches": _matches,
}


def compiled(pattern: str) -> Any:
    """Return an expression of RE2; ValueError for none. The library loads here."""
    import re2

    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"it has more than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        told = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(told) from None
