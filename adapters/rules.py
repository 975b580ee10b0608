"""Patterns that tell what an error text means. The first rule whose pattern is found decides.

Of a foreign text only what a rule's group ``name`` matches is ever shown, for error texts
quote the records they are about.
"""

import re
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from midspan.kernel.errors import MidspanError


class Rule(Protocol):
    """Anything with a pattern."""

    @property
    def match(self) -> str:
        """The regular expression to be found in a text."""
        ...


R = TypeVar("R", bound=Rule)

EXPIRED = r"(?i)session[ _]?(has |is )?(expired|invalid)"
DENIED = r"(?i)access ?(denied|error)|not allowed to access|permission denied"
BUSY = r"(?i)could not serialize|deadlock|lock(ed| wait)|concurrency|too many"
"""Patterns that hold for many systems."""


class RuleBook(Generic[R]):
    """Rules, compiled; raises MidspanError ``config.pattern`` for one that cannot be read."""

    def __init__(self, rules: Sequence[R]) -> None:
        self._rules = [(_pattern(rule), rule) for rule in rules]

    def find(self, text: str) -> tuple[R, str] | None:
        """Return the rule that ``text`` meets, and the technical name that it shows."""
        for pattern, rule in self._rules:
            match = pattern.search(text)
            if match:
                return rule, match.groupdict().get("name") or ""
        return None


def _pattern(rule: Rule) -> re.Pattern[str]:
    try:
        return re.compile(rule.match)
    except re.error as error:
        raise MidspanError(
            "config.pattern",
            f"the error pattern '{rule.match}' cannot be read: {error.msg}",
            remedy="Correct 'match' under 'errors'",
        ) from None
