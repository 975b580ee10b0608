"""What a SOAP fault or an in-band result code means: the one place where it becomes a class.

Guarantee: the text of a foreign error is shown shortened, with secrets, e-mail addresses and
long numbers masked; it is never what recovery is decided by above this module.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from lxml import etree

from adapters.soap import xml
from adapters.soap.reading import Reply
from adapters.soap.spec import ErrorClass, ResultSpec
from config.binding import nearest
from midspan.kernel.errors import (
    AccessDenied,
    MidspanError,
    ProtocolError,
    RecordError,
    SessionExpired,
    TransientError,
)

_LOG = logging.getLogger(__name__)
_LONGEST = 160
_PERSONAL = re.compile(r"\S+@\S+|\+?\d[\d ./-]{5,}\d")

DEFAULT_FAULTS: tuple[tuple[str, ErrorClass], ...] = (
    ("*session*expired*", "session"),
    ("*session*timed out*", "session"),
    ("*invalid*session*", "session"),
    ("*session*invalid*", "session"),
    ("*authenticat*", "denied"),
    ("*authoriz*", "denied"),
    ("*authoris*", "denied"),
    ("*failedcheck*", "denied"),
    ("*invalidsecurity*", "denied"),
    ("*invalid login*", "denied"),
    ("*access denied*", "denied"),
    ("*permission*", "denied"),
    ("*timeout*", "transient"),
    ("*timed out*", "transient"),
    ("*busy*", "transient"),
    ("*deadlock*", "transient"),
    ("*unavailable*", "transient"),
    ("*overload*", "transient"),
    ("*too many*", "transient"),
    ("*try again*", "transient"),
)

_REMEDIES: Mapping[ErrorClass, str] = {
    "denied": "Check the connection's login and password, and the user's rights",
    "protocol": "Check the stream's arguments, or name the class of this code in the system's YAML",
}


class Faults:
    """Reads faults; a system's own patterns come before the built-in ones."""

    def __init__(self, own: Mapping[str, ErrorClass]) -> None:
        self._table = [(pattern.lower(), kind) for pattern, kind in own.items()]
        self._table += DEFAULT_FAULTS

    def raise_for_fault(self, body: etree._Element, operation: str, secrets: Iterable[str]) -> None:
        """Raise what the fault in a SOAP body means; return when there is none."""
        fault = next((child for child in xml.children(body) if xml.local(child) == "Fault"), None)
        if fault is None:
            return
        code, text = _code(fault), xml.find_text(fault, "faultstring")
        text = text or xml.find_text(fault, "Reason.Text") or ""
        kind = self._classify(f"{code} {text}".lower())
        raise make_error(
            kind, "soap.fault", f"{operation} failed with fault {code}", tidy(text, secrets)
        )

    def told(self, text: str, message: str, secrets: Iterable[str]) -> MidspanError:
        """Return the error that a foreign text means."""
        return make_error(self._classify(text.lower()), "soap.result", message, tidy(text, secrets))

    def _classify(self, told: str) -> ErrorClass:
        fits = (kind for pattern, kind in self._table if fnmatchcase(told, pattern))
        return next(fits, "protocol")


def raise_for_result(
    spec: ResultSpec, reply: Reply, operation: str, secrets: Iterable[str]
) -> None:
    """Raise what the reply's in-band code means; return for a success or a warning."""
    code = reply.text(spec.code) if spec.code else None
    text = tidy((reply.text(spec.text) or "") if spec.text else "", secrets)
    if code is None:
        if spec.optional:
            return
        raise ProtocolError(
            "soap.no_result",
            f"the reply of {operation} holds no result code at '{spec.code}'",
            remedy="Correct the path under result.code",
        )
    if code in spec.ok:
        return
    if code in spec.warn:
        _LOG.warning("%s answers %s%s", operation, code, f": {text}" if text else "")
        return
    kind = spec.errors.get(code)
    if kind is None:
        raise ProtocolError(
            "soap.result_unknown",
            f"{operation} answers the result code '{code[:40]}', which is not configured",
            remedy=f"List it under result. {nearest(code, [*spec.ok, *spec.warn, *spec.errors])}",
        )
    raise make_error(kind, "soap.result", f"{operation} answers {code}", text)


def make_error(kind: ErrorClass, code: str, message: str, text: str) -> MidspanError:
    """Return an error of a class; ``text`` is the other side's own, already tidied."""
    message = f"{message}: {text}" if text else message
    remedy = _REMEDIES.get(kind, "")
    if kind == "transient":
        return TransientError(f"{code}_busy", message)
    if kind == "session":
        return SessionExpired("soap.session", message)
    if kind == "denied":
        return AccessDenied(f"{code}_denied", message, remedy=remedy)
    if kind == "missing":
        return RecordError("soap.missing", message)
    return ProtocolError(code, message, remedy=remedy)


def tidy(text: str, secrets: Iterable[str]) -> str:
    """Return a foreign text fit for a log: one line, short, nothing secret or personal."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = _PERSONAL.sub("***", " ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _code(fault: etree._Element) -> str:
    """Return SOAP 1.1's faultcode, or SOAP 1.2's codes from outer to inner, unprefixed."""
    codes = [xml.find_text(fault, "faultcode") or xml.find_text(fault, "Code.Value")]
    codes += [xml.find_text(fault, "Code.Subcode.Value")]
    return ".".join(code.rpartition(":")[2][:60] for code in codes if code) or "without code"
