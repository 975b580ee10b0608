"""The system on the other side of an adapter under test, as the conformance suite uses it.

A counterpart is a small class over a *real* system: it starts from nothing, puts records into
one stream beside the adapter, and says what the system really holds. The suite asks it for
everything else. What the class declares decides which promises are put to the adapter, before
any test runs: capabilities, transport, and the optional methods it overrides. Nothing is
skipped while testing.

A record of the stream has a key, a text that is its only content of interest, and a stamp
(what the stream's cursor orders) where the stream has a cursor.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

from adapters.base import Adapter
from config.connections import Connection
from config.model import CursorConfig
from midspan.kernel.gate import Gate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Capability, Record

Transport = Literal["http", "tcp"]
"""How the system is reached: HTTP, or another protocol on one TCP port."""

READS = frozenset({Capability.READ, Capability.CHANGES, Capability.BY_KEY, Capability.KEYS})
WRITES = frozenset({Capability.CREATE, Capability.UPDATE, Capability.DELETE, Capability.LOOKUP})


@dataclass(frozen=True, slots=True)
class Sample:
    """A record to put: its ``number`` from 1, its stamp (aware, whole seconds), its text.

    The same number again changes the record. ``text`` is upper case letters and digits, at
    most 16 of them, and no other record has it.
    """

    number: int
    stamp: datetime
    text: str


class Counterpart(ABC):
    """A real system with one stream; make it anew, empty, for each test.

    ``capabilities`` are what the adapter must declare for the stream, no more and no less.
    ``transport`` is None where the system is not behind a TCP port; else ``address`` says
    where, and the suite puts a proxy in between.
    """

    capabilities: ClassVar[frozenset[Capability]] = READS
    transport: ClassVar[Transport | None] = None
    adapter: ClassVar[type[Adapter]]
    stream: ClassVar[str]
    """The stream's name in the system's YAML."""
    source: ClassVar[str]
    """What the stream reads, by the name that ``discover`` gives it."""
    primary_key: ClassVar[tuple[str, ...]]
    text: ClassVar[str]
    """The field that holds a record's text."""
    cursor: ClassVar[CursorConfig | None] = None
    """As the stream declares it; needed where CHANGES is a capability."""
    batch: ClassVar[int] = 10
    """Greatest number of rows in a batch as the system's YAML sets it; small, for many pages."""
    final: ClassVar[bytes] = b""
    """What the request holds by which a change becomes final (``COMMIT``); empty: the change."""

    own_loggers: ClassVar[tuple[str, ...]] = ()
    """Loggers of the counterpart's own connections, which may tell a record's text."""

    secrets: Sequence[str] = ()
    """Passwords, tokens and keys that may stand nowhere but on the wire."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Return host and port of the system, where it has a transport."""
        return None

    @abstractmethod
    def open(
        self,
        gate: Gate,
        address: tuple[str, int] | None = None,
        columns: Sequence[str] = (),
    ) -> Adapter:
        """Return a fresh adapter of the system, by YAML where it has one.

        ``address``, where given, is reached instead of the system's own (it leads through a
        proxy). ``columns`` are the fields to read; all there are when empty.
        ``adapters.testing.adapter_from_yaml`` does most of it.
        """

    @abstractmethod
    def put(self, samples: Sequence[Sample]) -> None:
        """Create or change records beside the adapter, in one transaction where there are any.

        A system that stamps by itself ignores the samples' stamps.
        """

    @abstractmethod
    def remove(self, numbers: Sequence[int]) -> None:
        """Delete records beside the adapter."""

    @abstractmethod
    def key(self, number: int) -> Key:
        """Return the key with which the adapter yields the record that was put as ``number``."""

    @abstractmethod
    def texts(self) -> Sequence[str]:
        """Return the text of each record that the system holds now, seen beside the adapter."""

    # What follows is asked only of counterparts with CREATE, UPDATE or DELETE.

    def values(self, text: str) -> Record:
        """Return a create's or update's values that give a record its text."""
        return {self.text: text}

    # Each of these is optional; whoever overrides it has the promise about it put to the adapter.

    def refused_values(self) -> Record:
        """Return values of a create that the system refuses."""
        raise NotImplementedError

    def swallow_creates(self) -> None:
        """Let the system report creates as done from now on, and make nothing."""
        raise NotImplementedError

    def twin(self, reference: str) -> None:
        """Make two records that both carry ``reference``."""
        raise NotImplementedError

    def deny(self) -> None:
        """Take from the adapter's user the right to read the stream."""
        raise NotImplementedError

    def expire_session(self) -> None:
        """End all sessions and tokens that the system gave out; a new login is let in."""
        raise NotImplementedError

    def break_stream(self) -> None:
        """Make the stream unreadable as configured: its table or list is gone or renamed."""
        raise NotImplementedError


def offers(counterpart: type[Counterpart], *methods: Callable[..., Any] | str) -> bool:
    """Return whether a counterpart overrides all of these optional methods."""
    names = [each if isinstance(each, str) else each.__name__ for each in methods]
    return all(getattr(counterpart, name) is not getattr(Counterpart, name) for name in names)


def through(connection: Connection, address: tuple[str, int] | None) -> Connection:
    """Return a connection that leads to ``address`` instead, where one is given."""
    if address is None:
        return connection
    return replace(connection, host=address[0], port=address[1])


def row_values(columns: Sequence[str], row: Sequence[Any]) -> Mapping[str, Any]:
    """Return a batch's row by its columns' names."""
    return dict(zip(columns, row, strict=True))
