"""What an error reply means. The first rule whose pattern is found decides.

The system's own rules come first, then those known to hold for many systems; an error that
no rule knows is ``rpc.fault``. Of the reply's text only what a rule's group ``name`` matches
is shown, for error texts quote the records they are about.
"""

import re
from collections.abc import Sequence

from adapters.rpc.spec import ErrorRule
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    SessionExpired,
    TransientError,
)

KNOWN_RULES = (
    ErrorRule(r"(?i)session[ _]?(has |is )?(expired|invalid)", "expired"),
    ErrorRule(r"(?i)access ?(denied|error)|not allowed to access|permission denied", "denied"),
    ErrorRule(r"(?i)could not serialize|deadlock|lock(ed| wait)|concurrency|too many", "busy"),
)


class ErrorTable:
    """The rules of one system, compiled."""

    def __init__(self, rules: Sequence[ErrorRule]) -> None:
        self._rules = [(_pattern(rule), rule) for rule in (*rules, *KNOWN_RULES)]

    def error(self, text: str, subject: str) -> MidspanError:
        """Return the error that a reply's ``text`` means; ``subject`` is what was called."""
        for pattern, rule in self._rules:
            match = pattern.search(text)
            if match:
                name = match.groupdict().get("name")
                return _meant(rule, subject, f" '{name}'" if name else "")
        return ProtocolError(
            "rpc.fault",
            f"{subject} was answered with an error that no rule knows",
            remedy="Look into the system's log, and add a rule under 'errors'",
        )


def _pattern(rule: ErrorRule) -> re.Pattern[str]:
    try:
        return re.compile(rule.match)
    except re.error as error:
        raise MidspanError(
            "config.pattern",
            f"the error pattern '{rule.match}' cannot be read: {error.msg}",
            remedy="Correct 'match' under 'errors'",
        ) from None


def _meant(rule: ErrorRule, subject: str, name: str) -> MidspanError:
    if rule.means == "denied":
        return AccessDenied(
            "rpc.denied",
            f"{subject} was refused{name}",
            remedy=rule.remedy or "Grant it to the connection's user",
        )
    if rule.means == "expired":
        return SessionExpired("rpc.expired", f"the session ended at {subject}")
    if rule.means == "busy":
        return TransientError("rpc.busy", f"{subject} cannot be done now", remedy=rule.remedy)
    if rule.means == "drift":
        return DriftError(
            "rpc.unknown_name",
            f"{subject} names something the system does not know{name}",
            remedy=rule.remedy or "Correct the stream's model, fields or cursor",
        )
    return ProtocolError("rpc.refused", f"{subject} was refused{name}", remedy=rule.remedy)
