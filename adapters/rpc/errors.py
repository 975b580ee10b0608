"""What an error reply means: the rule that it meets (see ``adapters.rules``) decides.

The system's own rules come first, then those known to hold for many systems; an error that
no rule knows is ``rpc.fault``. Known rules never look at the frames of a traceback, which
quote source code.
"""

import re
from collections.abc import Sequence

from adapters.rpc.spec import ErrorRule
from adapters.rules import BUSY, DENIED, EXPIRED, RuleBook
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
    TransientError,
)

_FRAMES = re.compile(r"(\n|\\n)[ \t]+(?:(?!\1).)*")

KNOWN_RULES = (
    ErrorRule(EXPIRED, "expired"),
    ErrorRule(DENIED, "denied"),
    ErrorRule(BUSY, "busy"),
    ErrorRule(
        re.compile(r"database \W{0,3}[\w.-]+\W{0,3} does not exist"),
        "denied",
        "Correct the schema of the connection",
    ),
    ErrorRule(re.compile(r"(?i)(invalid|unknown|no such) field \W{0,3}(?P<name>[\w.]+)"), "drift"),
    # What a server written in Python says of a name that it does not find.
    ErrorRule(re.compile(r"^(\[\"|\d+: )'(?P<name>[a-z][\w.]*)'(\"|$)"), "drift"),
    ErrorRule(re.compile(r"Object (?P<name>[a-z][\w.]*) does ?n[o']t exist"), "drift"),
    ErrorRule(re.compile(r"model \W{0,3}(?P<name>[a-z][\w.]*)\W{0,3} does not exist"), "drift"),
    ErrorRule(re.compile(r"MissingError|(?i:record)[^\n]{0,40} does( not|n't) exist"), "missing"),
    ErrorRule(
        re.compile(r"ValidationError|UserError|UserWarning|IntegrityError|violates"),
        "invalid",
    ),
)


class ErrorTable:
    """The rules of one system, compiled."""

    def __init__(self, rules: Sequence[ErrorRule]) -> None:
        self._own = RuleBook(rules)
        self._known = RuleBook(KNOWN_RULES)

    def knows(self, text: str) -> bool:
        """Return whether a rule tells what ``text`` means."""
        return self._find(text) is not None

    def error(self, text: str, subject: str, *, writing: bool = False) -> MidspanError:
        """Return the error that a reply's ``text`` means; ``subject`` is what was called."""
        found = self._find(text)
        if found is None:
            return ProtocolError(
                "rpc.fault",
                f"{subject} was answered with an error that no rule knows",
                remedy="Look into the system's log, and add a rule under 'errors'",
            )
        rule, name = found
        shown = f" '{name}'" if name else ""
        if writing and rule.means in ("invalid", "missing"):
            return _unwritten(rule, subject, shown)
        return _meant(rule, subject, shown)

    def _find(self, text: str) -> tuple[ErrorRule, str] | None:
        return self._own.find(text) or self._known.find(_FRAMES.sub("", text))


def _unwritten(rule: ErrorRule, subject: str, name: str) -> RecordError:
    if rule.means == "missing":
        return RecordError(
            "adapter.no_record",
            f"{subject} names a record that there is not",
            remedy=rule.remedy or "It may have been deleted in the source",
        )
    return RecordError(
        "adapter.write_refused",
        f"{subject} was refused{name}: the system does not take these values",
        remedy=rule.remedy or "See the system's log; correct the values or their mapping",
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
        return TransientError(
            "rpc.busy", f"{subject} cannot be done now", remedy=rule.remedy, acted=False
        )
    if rule.means == "drift":
        return DriftError(
            "rpc.unknown_name",
            f"{subject} names something the system does not know{name}",
            remedy=rule.remedy or "Correct the stream's model, fields or cursor",
        )
    return ProtocolError("rpc.refused", f"{subject} was refused{name}", remedy=rule.remedy)
