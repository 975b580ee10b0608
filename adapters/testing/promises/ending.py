"""Promises about an end that is called for.

Closing never fails, and ends what is under way in another thread.
"""

import threading
import time

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.failing import BOUND, answered
from adapters.testing.faults import Fault, Refuse, Silence
from adapters.testing.gates import PATIENT, QUICK, CountingGate
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import NETWORK, Open, Progress, Suite, fill, put_to, read
from midspan.kernel.errors import MidspanError


class Ending(Suite):
    """Closing never fails, and ends what is under way."""

    def test_it_may_be_closed_twice(self, opened: Open, counterpart: Counterpart) -> None:
        """After use, and without it."""
        fill(counterpart, 1)
        used, unused = opened(), opened()
        read(used, counterpart)

        for adapter in (used, used, unused, unused):
            adapter.close()

    @put_to(over=NETWORK)
    @pytest.mark.parametrize("fault", [Refuse(), Silence()], ids=["refused", "silence"])
    def test_it_closes_while_the_system_is_gone(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, fault: Fault
    ) -> None:
        """In the middle of a reading: it neither raises nor waits for an answer for long."""
        fill(counterpart)
        gate = CountingGate()
        adapter = routed(gate)
        next(Progress(counterpart).run(adapter))

        proxy.set(fault)
        gate.timeouts = QUICK
        began = time.monotonic()
        adapter.close()

        assert time.monotonic() - began < BOUND

    @put_to(over=NETWORK)
    def test_closing_ends_a_reading_of_another_thread(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart
    ) -> None:
        """A reading that waits for a silent system ends at once, as an error of ours."""
        fill(counterpart)
        half = answered(proxy, routed, counterpart) // 2
        adapter = routed(CountingGate(PATIENT))
        ended: list[BaseException | None] = []
        proxy.set(Silence(after=half))

        threads = [
            threading.Thread(target=lambda: ended.append(error_of(adapter, counterpart))),
            threading.Thread(target=adapter.close),
        ]
        threads[0].start()
        time.sleep(0.3)
        began = time.monotonic()
        threads[1].start()
        for thread in threads:
            thread.join(BOUND)
        took = time.monotonic() - began
        proxy.heal()
        for thread in threads:
            thread.join()

        assert took < BOUND
        assert isinstance(ended[0], MidspanError)


def error_of(adapter: Adapter, counterpart: Counterpart) -> BaseException | None:
    """Return what ended a reading."""
    try:
        read(adapter, counterpart)
    except Exception as error:  # noqa: BLE001 whatever it is, the promise names its class
        return error
    return None
