"""Safe reads, repeated within their time.

Every method here only reads, so a call that may have been served already is simply made
again. A missing server is still reported within a fraction of a second: there are few
repetitions, and short pauses between them.
"""

import random
import time
from typing import Any, Final

import msgspec

from midspan.kernel.errors import RemoteError
from shared_services.contracts.methods import Method
from shared_services.messaging.rpc import RpcClient

PAUSES: Final = (0.05, 0.15, 0.45)


class Caller:
    """Calls methods that only read; ``timeout`` seconds bound all repetitions together."""

    def __init__(self, rpc: RpcClient, timeout: float) -> None:
        self._rpc = rpc
        self._timeout = timeout

    def read(self, method: Method, request: msgspec.Struct, timeout: float | None) -> Any:
        """Return the reply's value; raise RemoteError, the last one when it was repeated."""
        ends = time.monotonic() + (self._timeout if timeout is None else timeout)
        for pause in PAUSES:
            try:
                return self._call(method, request, ends)
            except RemoteError as error:
                left = ends - time.monotonic() - pause
                if not error.retryable or left <= 0:
                    raise
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 spreads, hides nothing
        return self._call(method, request, ends)

    def _call(self, method: Method, request: msgspec.Struct, ends: float) -> Any:
        return self._rpc.call(method, request, timeout=max(ends - time.monotonic(), 0.001)).value
