"""What all promises share: who is asked which, the fixtures, and a few readers' tools.

Guarantee: whether a promise is put to an adapter is known before anything runs, from what its
counterpart's class declares; one that does not apply is no test of the class at all.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart, Sample, Transport, offers, row_values
from adapters.testing.ears import MARK, Ears
from adapters.testing.gates import CountingGate
from adapters.testing.proxy import FaultProxy
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Batch, Key, Position, Slice
from midspan.kernel.writing import Capability

F = TypeVar("F", bound=Callable[..., None])
Found = tuple[Key, Any]
"""A row as the promises see it: its key and its text."""
NETWORK: tuple[Transport, ...] = ("http", "tcp")
START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


class Open(Protocol):
    """Opens an adapter of the counterpart, which is closed when the test ends."""

    def __call__(self, gate: Gate | None = None, columns: Sequence[str] = ()) -> Adapter:
        """Return it; ``gate`` lets everything through when None."""
        ...


def put_to(
    *capabilities: Capability,
    lacking: Sequence[Capability] = (),
    over: Sequence[Transport] = (),
    offering: Sequence[Callable[..., Any]] = (),
) -> Callable[[F], F]:
    """Mark a promise as put only to adapters with these capabilities, over these transports.

    ``lacking``: put to those that lack one of these capabilities. ``offering``: the
    counterpart overrides these optional methods.
    """

    def applies(system: type[Counterpart]) -> bool:
        return (
            set(capabilities) <= system.capabilities
            and (not lacking or not set(lacking) <= system.capabilities)
            and (not over or system.transport in over)
            and offers(system, *offering)
        )

    def mark(function: F) -> F:
        function.applies = applies  # type: ignore[attr-defined] # read by __init_subclass__
        return function

    return mark


class Suite:
    """Base of all promises. ``system`` is the class of the counterpart."""

    system: ClassVar[type[Counterpart]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "system"):
            return
        for name in dir(cls):
            applies = getattr(getattr(cls, name), "applies", None)
            if applies is not None and not applies(cls.system):
                setattr(cls, name, None)

    @pytest.fixture
    def counterpart(self) -> Counterpart:
        """Return the system, empty; every test class gives its own."""
        raise NotImplementedError("give the test class a fixture 'counterpart'")

    @pytest.fixture(autouse=True)
    def ears(self, counterpart: Counterpart) -> Iterator[Ears]:
        """Listen to every logger; nothing secret may have been told when the test ends."""
        with Ears(counterpart.secrets, counterpart.own_loggers) as ears:
            yield ears
        assert not ears.leaks, "a secret or a record's value was told"

    @pytest.fixture
    def opened(self, counterpart: Counterpart) -> Iterator[Open]:
        """Give a function that opens adapters straight to the system."""
        yield from opener(counterpart, None)

    @pytest.fixture
    def proxy(self, counterpart: Counterpart) -> Iterator[FaultProxy]:
        """Give a proxy in front of the system, without a fault."""
        assert counterpart.address is not None, "a system with a transport has an address"
        with FaultProxy(counterpart.address) as proxy:
            yield proxy

    @pytest.fixture
    def routed(self, counterpart: Counterpart, proxy: FaultProxy) -> Iterator[Open]:
        """Give a function that opens adapters that reach the system through the proxy."""
        yield from opener(counterpart, proxy.address)


def opener(counterpart: Counterpart, address: tuple[str, int] | None) -> Iterator[Open]:
    """Yield a function that opens adapters of the counterpart; close them afterwards."""
    adapters: list[Adapter] = []

    def open_adapter(gate: Gate | None = None, columns: Sequence[str] = ()) -> Adapter:
        adapter = counterpart.open(gate or CountingGate(), address, columns)
        adapters.append(adapter)
        return adapter

    yield open_adapter
    for adapter in adapters:
        adapter.close()


def samples(count: int, first: int = 1) -> list[Sample]:
    """Return records of which each three share a stamp; the next three are a minute later."""
    return [
        Sample(number, START + timedelta(minutes=(number - 1) // 3), text(number))
        for number in range(first, first + count)
    ]


def text(number: int, change: str = "A") -> str:
    """Return a text that no other record has, and that is heard wherever it is told."""
    return f"{MARK}{change}{number:04d}"


class Progress:
    """A reading that may be broken off and gone on with: its rows so far, and its position."""

    def __init__(
        self, counterpart: Counterpart, part: Slice | None = None, position: Position | None = None
    ) -> None:
        self.rows: list[Found] = []
        self.position = position
        self._counterpart = counterpart
        self._part = part or Slice()

    def run(self, adapter: Adapter) -> Iterator[Position]:
        """Read behind the position, and yield after each batch."""
        for batch in adapter.read(self._counterpart.stream, self._part, self.position):
            self.rows += rows(batch, self._counterpart)
            self.position = batch.position
            yield batch.position

    def finish(self, adapter: Adapter) -> set[Found]:
        """Read the rest, and return all rows."""
        for _ in self.run(adapter):
            pass
        return set(self.rows)


def read(adapter: Adapter, counterpart: Counterpart, part: Slice | None = None) -> list[Found]:
    """Return key and text of each row of a slice, in the order they came."""
    progress = Progress(counterpart, part)
    progress.finish(adapter)
    return progress.rows


def rows(batch: Batch, counterpart: Counterpart) -> list[Found]:
    """Return key and text of each row of a batch."""
    found = [row_values(batch.columns, row) for row in batch.rows]
    return [
        (tuple(row[name] for name in counterpart.primary_key), _bare(row[counterpart.text]))
        for row in found
    ]


def expected(counterpart: Counterpart, put: Sequence[Sample]) -> set[Found]:
    """Return key and text of each record that was put."""
    return {(counterpart.key(sample.number), sample.text) for sample in put}


def positions_of(
    adapter: Adapter, counterpart: Counterpart, part: Slice | None = None
) -> list[tuple[set[Found], Position]]:
    """Return each position of a reading, with what was read until then."""
    progress = Progress(counterpart, part)
    found = [(set(progress.rows), position) for position in progress.run(adapter)]
    assert len(found) > 1, "many records come in more than one batch"
    return found


def all_keys(adapter: Adapter, counterpart: Counterpart) -> list[Key]:
    """Return every key that the adapter lists."""
    return [tuple(key) for some in adapter.keys(counterpart.stream) for key in some]


def fill(counterpart: Counterpart, batches: float = 3.5) -> list[Sample]:
    """Put so many batches of records, and return them."""
    put = samples(int(counterpart.batch * batches))
    counterpart.put(put)
    return put


def _bare(value: Any) -> Any:
    return value.rstrip() if isinstance(value, str) else value
