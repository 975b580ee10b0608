"""What becomes of a message whose handling failed, decided by the error's class alone.

A message is tried ``max_attempts`` times, counted across restarts: the count of failures
travels in ``x-attempts``, and the broker adds in ``x-delivery-count`` the deliveries that
ended without a word, as when the consumer was killed. The reason travels with the message as
headers; it holds codes and the platform's own messages, never payload.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pika import BasicProperties

from midspan.kernel.errors import MidspanError, RecordError, Recovery, RemoteError

ATTEMPTS: Final = "x-attempts"
FAILURE_CODE: Final = "x-failure-code"
FAILURE_MESSAGE: Final = "x-failure-message"
FIRST_FAILURE: Final = "x-first-failure"
LAST_FAILURE: Final = "x-last-failure"
ORIGINAL_USER: Final = "x-original-user-id"

_DELIVERIES: Final = "x-delivery-count"
_LONGEST_MESSAGE: Final = 500
# The broker's own bookkeeping starts anew with each publication.
_OF_THE_BROKER: Final = (_DELIVERIES, "x-death", "x-first-death-", "x-last-death-")


def failed_attempts(properties: BasicProperties) -> int:
    """Return how often this message was handed to a consumer before, without success."""
    headers = properties.headers or {}
    return _count(headers, ATTEMPTS) + _count(headers, _DELIVERIES)


def own_attempts(properties: BasicProperties) -> int:
    """Return how many failures a consumer has noted on the message itself."""
    return _count(properties.headers or {}, ATTEMPTS)


def is_retryable(error: Exception) -> bool:
    """Return whether another attempt may succeed; errors of unknown class are given it."""
    if isinstance(error, RemoteError):
        return error.retryable
    if isinstance(error, MidspanError):
        return error.recovery in (Recovery.RETRY, Recovery.RELOGIN, Recovery.ABANDON)
    return True


def exhausted(attempts: int) -> RecordError:
    """Return the error of a message whose every consumer ended before it could answer."""
    return RecordError(
        "message.attempts_exhausted",
        f"the message was delivered {attempts} times and its consumer never finished it",
        remedy="See what ends the consumer, mend it, then replay the dead letter",
    )


def expired() -> RecordError:
    """Return the error of a message that its sender wanted handled earlier, or not at all."""
    return RecordError(
        "message.expired",
        "the message's deadline had passed before it was handled",
        remedy="Send it again if it is still wanted; see why its queue was not emptied in time",
    )


def with_failure(
    properties: BasicProperties, error: Exception, attempts: int, now: datetime
) -> BasicProperties:
    """Return the properties under which the message goes to a retry queue or dead letters."""
    headers = {
        name: value
        for name, value in (properties.headers or {}).items()
        # A name that is no text was refused when the message was read; it is not passed on.
        if isinstance(name, str) and not name.startswith(_OF_THE_BROKER)
    }
    moment = now.isoformat()
    code, message = _describe(error)
    headers |= {
        ATTEMPTS: attempts,
        FAILURE_CODE: code,
        FAILURE_MESSAGE: message,
        FIRST_FAILURE: headers.get(FIRST_FAILURE, moment),
        LAST_FAILURE: moment,
    }
    if properties.user_id is not None:
        # The broker accepts no other user's id than that of the connection that publishes.
        headers.setdefault(ORIGINAL_USER, properties.user_id)
    return BasicProperties(
        content_type=properties.content_type,
        delivery_mode=2,
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        headers=headers,
    )


def _describe(error: Exception) -> tuple[str, str]:
    if isinstance(error, MidspanError):
        return error.code, error.message[:_LONGEST_MESSAGE]
    # The text of a foreign error may quote the payload; its type does not.
    return "handler.failed", f"the handler raised {type(error).__name__}"


def _count(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name)
    return value if isinstance(value, int) and value > 0 else 0
