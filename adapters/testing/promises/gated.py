"""Promises about the gate.

Nothing is called beside it, and what it says holds: a reading that it ends goes on later, behind
the last page.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.gates import CountingGate
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import NETWORK, Open, Progress, Suite, expected, fill, put_to, read
from midspan.kernel.errors import MidspanError, SystemClosed
from midspan.kernel.gate import ShutGate
from midspan.kernel.stream import Slice


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
