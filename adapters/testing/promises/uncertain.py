"""Promises about changes whose outcome is not known.

A change whose answer is lost is never made twice, and never taken for done.
"""

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import Ears
from adapters.testing.failing import failing
from adapters.testing.faults import LoseAnswer, Refuse, Status
from adapters.testing.gates import QUICK, CountingGate
from adapters.testing.promises.writing import NEW, create, made, reference
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import NETWORK, Open, Suite, fill, put_to, read
from midspan.kernel.errors import (
    ProtocolError,
    TransientError,
    UncertainWrite,
)
from midspan.kernel.writing import Capability, WriteOperation

CREATE, UPDATE, LOOKUP = Capability.CREATE, Capability.UPDATE, Capability.LOOKUP


class Uncertain(Suite):
    """A change whose answer is lost is never made twice, and never taken for done."""

    @put_to(CREATE, LOOKUP, over=NETWORK)
    def test_a_lost_answer_is_settled_by_looking(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears
    ) -> None:
        """The gate repeats nothing; the record is there once, and is found by its reference."""
        mine = reference()
        adapter = routed(CountingGate(attempts=3))
        lookup_nothing(adapter, counterpart)

        lose(proxy, counterpart)
        with pytest.raises(UncertainWrite) as caught:
            create(adapter, counterpart, mine)
        proxy.heal()

        assert made(counterpart) == 1
        assert adapter.lookup(counterpart.stream, mine) is not None
        ears.hear(caught.value)

    @put_to(UPDATE, over=NETWORK)
    def test_an_update_whose_answer_is_lost_is_uncertain(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart
    ) -> None:
        """It is not repeated blindly, and not reported as done."""
        fill(counterpart, 1)
        adapter = routed(CountingGate(attempts=3))
        adapter.check([counterpart.stream])
        operation = WriteOperation("update", counterpart.values(NEW), counterpart.key(2))

        lose(proxy, counterpart)

        with pytest.raises(UncertainWrite):
            adapter.write(counterpart.stream, operation, reference())

    @put_to(CREATE, over=NETWORK)
    def test_a_system_that_is_gone_did_nothing(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears
    ) -> None:
        """That is certain: TransientError, which may be repeated; later it is made once."""
        adapter = routed(CountingGate(QUICK))

        proxy.set(Refuse())
        with failing(ears, (TransientError,)):
            create(adapter, counterpart)
        proxy.heal()

        assert made(counterpart) == 0
        create(routed(), counterpart)
        assert made(counterpart) == 1

    @put_to(CREATE, over=("http",))
    @pytest.mark.parametrize("code", [429, 503])
    def test_an_overloaded_system_did_nothing_that_we_know(
        self, routed: Open, proxy: FaultProxy, counterpart: Counterpart, ears: Ears, code: int
    ) -> None:
        """It says that it did not, or nobody knows; it never counts as done."""
        adapter = routed()
        adapter.check([counterpart.stream])

        proxy.set(Status(code, {"Retry-After": "7"}))
        with failing(ears, (TransientError, UncertainWrite)):
            create(adapter, counterpart)

        assert made(counterpart) == 0

    @put_to(CREATE, offering=[Counterpart.swallow_creates])
    def test_a_success_that_made_nothing_is_uncertain(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """The system's word is not enough: the record has to be found."""
        adapter = opened()

        counterpart.swallow_creates()

        with pytest.raises(UncertainWrite):
            create(adapter, counterpart)

    @put_to(LOOKUP, offering=[Counterpart.twin])
    def test_twins_are_refused(self, opened: Open, counterpart: Counterpart, ears: Ears) -> None:
        """Two records with one reference settle nothing."""
        mine = reference()
        counterpart.twin(mine)

        with pytest.raises(ProtocolError) as caught:
            opened().lookup(counterpart.stream, mine)

        assert caught.value.code == "adapter.twins"
        ears.hear(caught.value)

    @put_to(CREATE, offering=[Counterpart.expire_session])
    def test_a_session_that_ended_does_not_hinder_a_change(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """The change was refused at the door: it is made after a new login, once."""
        fill(counterpart, 1)
        adapter = opened()
        read(adapter, counterpart)

        counterpart.expire_session()
        create(adapter, counterpart)

        assert made(counterpart) == 1


def lose(proxy: FaultProxy, counterpart: Counterpart) -> None:
    """Lose the answer to the next change."""
    proxy.set(LoseAnswer(to=counterpart.final or NEW.encode()), times=1)


def lookup_nothing(adapter: Adapter, counterpart: Counterpart) -> None:
    """Let an adapter log in, and learn what it needs, before a fault is set."""
    assert adapter.lookup(counterpart.stream, reference()) is None
