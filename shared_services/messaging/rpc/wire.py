"""How calls and answers look on the wire: lean, since they live for milliseconds.

A request is the method's request as JSON, with correlation_id, reply_to, expiration, the
header ``x-deadline`` (unix ms) and, where there are such, ``traceparent`` and
``x-max-staleness`` (ms, how old the data may be). An answer's property ``type`` is ``reply`` or
``error``; ``x-as-of`` tells the time of the data it was made from.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from midspan.kernel.errors import MidspanError, Recovery, RemoteError

REPLY: Final = "reply"
ERROR: Final = "error"
AS_OF: Final = "x-as-of"
MAX_STALENESS: Final = "x-max-staleness"
DIRECT_REPLY_TO: Final = "amq.rabbitmq.reply-to"

_RETRYABLE: Final = (Recovery.RETRY, Recovery.RELOGIN, Recovery.ABANDON)


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it travels; codes unknown to the receiver are kept as they are."""

    code: str
    message: str
    retryable: bool = False
    detail: dict[str, Any] = {}

    def as_error(self) -> RemoteError:
        """Return the error for the caller to raise."""
        return RemoteError(self.code, self.message, retryable=self.retryable, detail=self.detail)


def error_body(error: MidspanError) -> ErrorBody:
    """Return what the caller is told of an error that a handler raised."""
    remote = isinstance(error, RemoteError)
    detail: Mapping[str, object] = error.detail if isinstance(error, RemoteError) else {}
    retryable = error.retryable if isinstance(error, RemoteError) else None
    return ErrorBody(
        code=error.code,
        message=error.message,
        retryable=error.recovery in _RETRYABLE if not remote else bool(retryable),
        detail=dict(detail),
    )
