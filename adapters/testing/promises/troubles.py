"""Promises about a gate that closes, a network that fails, and an end that is called for.

Every fault ends in an error of ours of the right class within bounded time, never in a short
result that looks whole; when it is over, the same adapter reads on.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import Ears
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
from midspan.kernel.errors import MidspanError, ProtocolError, SystemClosed, TransientError
from midspan.kernel.gate import ShutGate
from midspan.kernel.stream import Slice

BOUND = 8.0
"""Seconds within which a call that QUICK bounds has failed, on a busy machine too."""

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


class Gated(Suite):
    """Nothing is called beside the gate, and what the gate says holds."""

    @pytest.mark.parametrize(
        "ask",
        [
            lambda adapter, _: adapter.check(),
            lambda adapter, _: adapter.discover(),
            lambda adapter, stream: list(adapter.read(stream, Slice())),
        ],
        ids=["check", "discover", "read"],
    )
    def test_a_shut_gate_lets_nothing_through(
        self, opened: Open, counterpart: Counterpart, ask: Callable[[Adapter, str], object]
    ) -> None:
        """Every way to the system begins at the gate."""
        fill(counterpart, 1)

        with pytest.raises(MidspanError) as caught:
            ask(opened(ShutGate()), counterpart.stream)

        assert caught.value.code == "gate.shut"

    @put_to(over=NETWORK)
    def test_the_network_is_not_touched_beside_the_gate(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart
    ) -> None:
        """No connection is made by an adapter that was only made, asked and closed."""
        adapter = routed(ShutGate())
        adapter.capabilities(counterpart.stream)
        for ask in (adapter.check, adapter.now, lambda: read(adapter, counterpart)):
            with suppress(MidspanError):
                ask()
        adapter.close()

        assert proxy.connections == 0

    @put_to(over=("http",))
    def test_every_request_is_made_inside_the_gate(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart
    ) -> None:
        """Each page, login and listing, not only the first of them."""
        fill(counterpart)
        gate = CountingGate()
        seen: list[bool] = []
        proxy.on_request = lambda: seen.append(gate.busy)

        adapter = routed(gate)
        adapter.check()
        read(adapter, counterpart)
        adapter.close()

        assert seen
        assert all(seen)

    def test_a_gate_that_closes_ends_the_reading(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """After whichever call, with the gate's own error; the rest follows the last page."""
        whole = expected(counterpart, fill(counterpart))
        gate = CountingGate()
        read(opened(gate), counterpart)

        for allowed in range(min(gate.calls, 6)):
            progress, closing_gate = Progress(counterpart), ClosingGate(allowed)
            with pytest.raises(SystemClosed) as caught:
                progress.finish(opened(closing_gate))
            assert caught.value is closing_gate.refusal
            assert progress.finish(opened()) == whole


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

        assert took < BOUND / 2
        assert isinstance(ended[0], MidspanError)


class ClosingGate(CountingGate):
    """Lets some calls through and then says, again and again, that the system is closed."""

    def __init__(self, allowed: int) -> None:
        super().__init__(before=self._refuse)
        self.refusal: SystemClosed | None = None
        self._allowed = allowed

    def _refuse(self) -> None:
        if self.calls < self._allowed:
            return
        self.refusal = self.refusal or closed()
        raise self.refusal


def closed() -> SystemClosed:
    """Return what a gate raises in a denied window."""
    return SystemClosed(
        "governor.window_closed", "closed for now", datetime(2026, 1, 5, tzinfo=UTC)
    )


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


def error_of(adapter: Adapter, counterpart: Counterpart) -> BaseException | None:
    """Return what ended a reading."""
    try:
        read(adapter, counterpart)
    except Exception as error:  # noqa: BLE001 whatever it is, the promise names its class
        return error
    return None
