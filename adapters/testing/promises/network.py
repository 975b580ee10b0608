"""Promises about a network that fails.

Every fault ends in an error of ours of the right class within bounded time, never in a short
result that looks whole; when it is over, the same adapter reads on.
"""

from dataclasses import replace

import pytest

from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import Ears
from adapters.testing.failing import answered, failing
from adapters.testing.faults import (
    Delay,
    Drip,
    Fault,
    Garbage,
    HalfReply,
    Refuse,
    Reset,
    Silence,
    Status,
)
from adapters.testing.gates import PATIENT, QUICK, CountingGate
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import NETWORK, Open, Progress, Suite, expected, fill, put_to, read
from midspan.kernel.errors import MidspanError, ProtocolError, TransientError

GONE = (TransientError,)
SPOILED = (TransientError, ProtocolError)
FAULTS: dict[str, tuple[Fault, tuple[type[MidspanError], ...]]] = {
    "refused": (Refuse(), GONE),
    "reset": (Reset(), GONE),
    "half reply": (HalfReply(), SPOILED),
    "garbage": (Garbage(), SPOILED),
    "silence": (Silence(), GONE),
    "latency": (Delay(2.0), GONE),
    "drip": (Drip(0.2), GONE),
}


class Faults(Suite):
    """Whatever the network does, nothing is silently missing."""

    @pytest.mark.parametrize("name", FAULTS)
    @put_to(over=NETWORK)
    def test_a_fault_at_the_door_is_told(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears, name: str
    ) -> None:
        """From the first byte on: an error of the right class in time; then all is read."""
        whole = expected(counterpart, fill(counterpart))
        gate = CountingGate(QUICK)
        adapter = routed(gate)
        fault, kinds = FAULTS[name]

        proxy.set(fault)
        with failing(ears, kinds):
            read(adapter, counterpart)
        proxy.heal()

        gate.timeouts = PATIENT
        assert set(read(adapter, counterpart)) == whole

    @pytest.mark.parametrize("name", [name for name in FAULTS if name != "refused"])
    @put_to(over=NETWORK)
    def test_a_fault_in_the_middle_is_told(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears, name: str
    ) -> None:
        """When half of the bytes are through: never a short result; then it reads on."""
        whole = expected(counterpart, fill(counterpart))
        half = answered(proxy, routed, counterpart) // 2
        gate = CountingGate()
        adapter = routed(gate)
        fault, kinds = FAULTS[name]
        progress = Progress(counterpart)

        proxy.set(replace(fault, after=half))
        gate.timeouts = QUICK
        with failing(ears, kinds):
            progress.finish(adapter)
        proxy.heal()

        gate.timeouts = PATIENT
        assert progress.finish(adapter) == whole

    @put_to(over=NETWORK)
    def test_a_repeated_call_heals_a_single_fault(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart
    ) -> None:
        """A connection that breaks once costs one more attempt, and no row."""
        whole = expected(counterpart, fill(counterpart))
        half = answered(proxy, routed, counterpart) // 2

        proxy.set(Reset(after=half), times=1)

        assert set(read(routed(CountingGate(attempts=3)), counterpart)) == whole

    @put_to(over=("http",))
    @pytest.mark.parametrize("code", [429, 502, 503])
    def test_an_overloaded_system_is_left_alone(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears, code: int
    ) -> None:
        """TransientError, with the system's own word for when to come back."""
        whole = expected(counterpart, fill(counterpart))
        adapter = routed()

        proxy.set(Status(code, {"Retry-After": "7"}, b"busy"))
        with failing(ears, GONE) as caught:
            read(adapter, counterpart)
        proxy.heal()

        assert getattr(caught[0], "retry_after", None) == 7
        assert set(read(adapter, counterpart)) == whole

    @put_to(over=("http",))
    def test_a_page_for_people_is_no_data(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears
    ) -> None:
        """HTML with status 200, as proxies and portals send it, is a ProtocolError."""
        fill(counterpart)
        adapter = routed()

        page = b"<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>"
        proxy.set(Status(200, {"Content-Type": "text/html"}, page))

        with failing(ears, (ProtocolError,)):
            read(adapter, counterpart)

    @put_to(offering=[Counterpart.expire_session])
    def test_a_session_that_ends_is_renewed(self, opened: Open, counterpart: Counterpart) -> None:
        """In the middle of a reading, and between two: no row is missing."""
        whole = expected(counterpart, fill(counterpart))
        adapter = opened()
        progress = Progress(counterpart)

        for _ in progress.run(adapter):
            counterpart.expire_session()

        assert set(progress.rows) == whole
        assert set(read(adapter, counterpart)) == whole
