"""How a promise expects a call to fail: with which class, how soon, and telling nothing."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import Ears
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import Open, read
from midspan.kernel.errors import MidspanError

BOUND = 8.0
"""Seconds within which a call that QUICK bounds has failed, on a busy machine too."""


@contextmanager
def failing(ears: Ears, kinds: tuple[type[MidspanError], ...]) -> Iterator[list[MidspanError]]:
    """Expect an error of one of these classes, in time, that tells nothing secret."""
    caught: list[MidspanError] = []
    began = time.monotonic()
    with pytest.raises(kinds) as info:
        yield caught
    assert time.monotonic() - began < BOUND
    caught.append(info.value)
    ears.hear(info.value)


def answered(proxy: FaultProxy, routed: Open, counterpart: Counterpart) -> int:
    """Return the bytes of answers of a whole reading by a fresh adapter."""
    with closing(routed()) as adapter:
        before = proxy.answered
        read(adapter, counterpart)
        return proxy.answered - before
