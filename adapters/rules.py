"""Patterns that tell what an error text means. The first rule whose pattern is found decides.

Of a foreign text only what a rule's group ``name`` matches is ever shown, for error texts
quote the records they are about.
"""

import re
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar


class Rule(Protocol):
    """Anything with a pattern."""

    @property
    def match(self) -> re.Pattern[str]:
        """What is to be found in a text."""
        ...


R = TypeVar("R", bound=Rule)

EXPIRED = re.compile(r"(?i)session[ _]?(has |is )?(expired|invalid)")
DENIED = re.compile(r"(?i)access ?(denied|error)|not allowed to access|permission denied")
BUSY = re.compile(r"(?i)could not serialize|deadlock|lock(ed| wait)|concurrency|too many")
"""Patterns that hold for many systems."""


class RuleBook(Generic[R]):
    """Rules in the order in which they are tried."""

    def __init__(self, rules: Sequence[R]) -> None:
        self._rules = tuple(rules)

    def find(self, text: str) -> tuple[R, str] | None:
        """Return the rule that ``text`` meets, and the technical name that it shows."""
        for rule in self._rules:
            match = rule.match.search(text)
            if match:
                return rule, match.groupdict().get("name") or ""
        return None
