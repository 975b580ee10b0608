"""Which failed calls are repeated, how often, and how long after.

Guarantee: only a TransientError of the system is repeated, never a refusal of our own; never
more often than ``attempts`` in all, and never earlier than the other side asked for. When it
asks for longer than the longest wait, the error goes up at once: the job comes back later
instead of sleeping in a worker.
"""

import logging
from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random

from config.model import RetryConfig
from midspan.kernel.errors import TransientError

_log = logging.getLogger(__name__)


def retrying(
    system: str,
    config: RetryConfig,
    sleep: Callable[[float], None],
    repeatable: Callable[[BaseException], bool],
) -> Retrying:
    """Return the policy for one call of ``system``; it raises the last error as it is."""
    first, longest = config.first_wait.total_seconds(), config.longest_wait.total_seconds()
    backoff = wait_exponential(multiplier=first, max=longest) + wait_random(0, first)
    enough = stop_after_attempt(max(config.attempts, 1))

    def stop(state: RetryCallState) -> bool:
        return enough(state) or _asked_wait(state) > longest

    def wait(state: RetryCallState) -> float:
        return max(backoff(state), _asked_wait(state))

    def tell(state: RetryCallState) -> None:
        error = _error(state)
        _log.warning(
            "%s: attempt %d of %d failed with %s, next in %.1f s",
            system,
            state.attempt_number,
            config.attempts,
            error.code if error else "",
            state.upcoming_sleep,
        )

    return Retrying(
        sleep=sleep,
        stop=stop,
        wait=wait,
        retry=retry_if_exception(repeatable),
        before_sleep=tell,
        reraise=True,
    )


def _error(state: RetryCallState) -> TransientError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, TransientError) else None


def _asked_wait(state: RetryCallState) -> float:
    error = _error(state)
    return (error.retry_after or 0.0) if error else 0.0
