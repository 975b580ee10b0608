"""Every error of Midspan, and what each asks for.

The class alone decides the recovery. It is chosen once, where the foreign error enters
(the adapter, the store, the broker), and nothing above looks at messages or status codes
again. A message says what is wrong and where, the remedy says what a person can do, and
neither ever holds a secret, a payload or personal data.

======================  ==============  =====================================================
class                   recovery        raised for
======================  ==============  =====================================================
``ConfigurationError``  ``STOP``        a file of the project says something impossible
``UnknownName``         ``STOP``        a person named what does not exist
``AccessDenied``        ``STOP``        wrong credentials, missing grant, TLS refusal
``ProtocolError``       ``STOP``        the other side does not speak what was configured
``DriftError``          ``STOP``        a mapped field vanished or changed its type
``SyncHalted``          ``STOP``        the judge refused a slice; nothing of it was applied
``TransientError``      ``RETRY``       timeout, dropped connection, overload
``SystemClosed``        ``LATER``       a denied window or a pause: come back when it is over
``SessionExpired``      ``RELOGIN``     the session ended in the middle of a job
``RecordError``         ``QUARANTINE``  one row cannot be read or translated
``UncertainWrite``      ``SETTLE``      a write may or may not have been done: look it up
``Conflict``            ``ABANDON``     another worker has the work; this one gives up quietly
``RemoteError``         ``STOP``        a shared service answered with an error
======================  ==============  =====================================================
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path


class Recovery(Enum):
    """What the caller does about an error of a class."""

    STOP = "stop"
    RETRY = "retry"
    LATER = "later"
    RELOGIN = "relogin"
    QUARANTINE = "quarantine"
    SETTLE = "settle"
    ABANDON = "abandon"


class MidspanError(Exception):
    """Root of all errors of Midspan.

    ``code`` is stable and documented in ``docs/errors.md``; ``context`` names system, stream
    and the like, as short strings that may be logged.
    """

    recovery = Recovery.STOP
    exit_code = 1

    def __init__(self, code: str, message: str, *, remedy: str = "", **context: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.context: Mapping[str, str] = context

    def __str__(self) -> str:
        where = ", ".join(f"{name} {value}" for name, value in self.context.items())
        text = f"[{self.code}] {self.message}" + (f" ({where})" if where else "")
        return f"{text}. {self.remedy}" if self.remedy else text


@contextmanager
def within(**context: str) -> Iterator[None]:
    """Say where an error happened that passes through; what it says itself comes first."""
    try:
        yield
    except MidspanError as error:
        error.context = {**context, **error.context}
        raise


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in a project file; ``line`` and ``column`` count from 1, 0 is unknown."""

    code: str
    file: Path
    line: int
    column: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        return f"{place}: [{self.code}] {self.message}" + (
            f". {self.remedy}" if self.remedy else ""
        )


class ConfigurationError(MidspanError):
    """The project's files are wrong; carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        noun = "problem" if len(problems) == 1 else "problems"
        listing = "\n".join(f"  {problem}" for problem in problems)
        super().__init__("config.invalid", f"{len(problems)} {noun} in the configuration")
        self.problems = tuple(problems)
        self._listing = listing

    def __str__(self) -> str:
        return f"{self.message}:\n{self._listing}"


class UnknownName(MidspanError):
    """A name that was given names nothing; the remedy holds the nearest known one."""

    exit_code = 2


class AccessDenied(MidspanError):
    """Credentials, a grant or a certificate were refused: a person has to act."""

    exit_code = 2


class ProtocolError(MidspanError):
    """The answer is not what the configured protocol says it must be."""


class DriftError(MidspanError):
    """A field that a mapping uses vanished or changed its type."""


class SyncHalted(MidspanError):
    """A slice failed its judgement; nothing of it was applied."""


class TransientError(MidspanError):
    """May work later. ``retry_after`` is the other side's own word for when, in seconds.

    ``acted`` is false where the other side certainly did nothing of what was asked (it could
    not be reached, or it said so), so that even a write may be repeated.
    """

    recovery = Recovery.RETRY
    exit_code = 3

    def __init__(
        self,
        code: str,
        message: str,
        *,
        remedy: str = "",
        retry_after: float | None = None,
        acted: bool = True,
        **context: str,
    ) -> None:
        super().__init__(code, message, remedy=remedy, **context)
        self.retry_after = retry_after
        self.acted = acted


class SystemClosed(MidspanError):
    """The system may not be called now, and nothing is wrong.

    Whoever reads keeps what it has read and comes back at ``reopens_at`` (aware, in UTC): a
    window's end, or when to look again whether a pause is over.
    """

    recovery = Recovery.LATER
    exit_code = 3

    def __init__(
        self,
        code: str,
        message: str,
        reopens_at: datetime,
        *,
        remedy: str = "",
        **context: str,
    ) -> None:
        super().__init__(code, message, remedy=remedy, **context)
        self.reopens_at = reopens_at


class SessionExpired(MidspanError):
    """The session ended: log in again and repeat the call."""

    recovery = Recovery.RELOGIN
    exit_code = 3


class RecordError(MidspanError):
    """One record is unusable; the rest of its batch goes on."""

    recovery = Recovery.QUARANTINE


class UncertainWrite(MidspanError):
    """A write was sent, and nobody knows whether it was done.

    It is settled by looking for its reference; until then it is neither repeated nor given up.
    """

    recovery = Recovery.SETTLE
    exit_code = 3


class Conflict(MidspanError):
    """Another worker changed the state first; nothing of this one's work was kept."""

    recovery = Recovery.ABANDON
    exit_code = 3


class RemoteError(MidspanError):
    """A shared service answered with an error, or none answered.

    ``retryable`` is the server's own word; ``code`` and ``detail`` arrive as it sent them,
    and a code unknown to this version is kept as it is.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        detail: Mapping[str, object] | None = None,
        **context: str,
    ) -> None:
        super().__init__(code, message, **context)
        self.retryable = retryable
        self.detail: Mapping[str, object] = detail or {}
