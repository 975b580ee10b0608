"""What an error reply means: the rule that it meets (see ``adapters.rules``) decides.

The system's own rules come first, then those known to hold for many systems; an error that
no rule knows is ``rpc.fault``.
"""

from collections.abc import Sequence

from adapters.rpc.spec import ErrorRule
from adapters.rules import BUSY, DENIED, EXPIRED, RuleBook
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    SessionExpired,
    TransientError,
)

KNOWN_RULES = (
    ErrorRule(EXPIRED, "expired"),
    ErrorRule(DENIED, "denied"),
    ErrorRule(BUSY, "busy"),
)


class ErrorTable:
    """The rules of one system, compiled."""

    def __init__(self, rules: Sequence[ErrorRule]) -> None:
        self._book = RuleBook((*rules, *KNOWN_RULES))

    def error(self, text: str, subject: str) -> MidspanError:
        """Return the error that a reply's ``text`` means; ``subject`` is what was called."""
        found = self._book.find(text)
        if found is not None:
            rule, name = found
            return _meant(rule, subject, f" '{name}'" if name else "")
        return ProtocolError(
            "rpc.fault",
            f"{subject} was answered with an error that no rule knows",
            remedy="Look into the system's log, and add a rule under 'errors'",
        )


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
