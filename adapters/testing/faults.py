"""What a network, or a system behind it, can do to an answer; ``FaultProxy`` does it.

Each fault is data. ``after`` bytes of answers pass unharmed before it strikes, counted over all
connections from the moment the fault was set, or struck last. Requests are forwarded as they
come, except where a fault says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol


class Wire(Protocol):
    """One connection, as a fault may treat it."""

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""

    def end(self) -> None:
        """Close the connection in order (FIN); what follows of the answer is lost."""

    def reset(self) -> None:
        """Break the connection (RST)."""

    def hush(self) -> None:
        """Keep the connection open and let nothing more through to the client."""

    def pause(self, seconds: float) -> None:
        """Wait, at most until the fault is over."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that strikes when an answer's bytes arrive."""

    after: int = field(default=0, kw_only=True)

    def strike(self, wire: Wire, data: bytes) -> None:
        """Do to ``data``, the answer's next bytes, what the fault does."""
        wire.send(data)


@dataclass(frozen=True, slots=True)
class Refuse(Fault):
    """Nobody listens: new connections are refused, the present ones are reset."""


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """The connection is reset in the middle of an answer, or before it."""

    def strike(self, wire: Wire, data: bytes) -> None:
        """Send nothing more, and break the connection."""
        del data
        wire.reset()


@dataclass(frozen=True, slots=True)
class HalfReply(Fault):
    """Half of what there is of an answer arrives, and the connection is closed in order."""

    def strike(self, wire: Wire, data: bytes) -> None:
        """Send the first half of the bytes and close."""
        wire.send(data[: len(data) // 2])
        wire.end()


@dataclass(frozen=True, slots=True)
class Garbage(Fault):
    """Bytes that belong to no protocol come instead of the answer, or in front of it."""

    data: bytes = b"\x00\xff\xfe garbage \x80\x81\r\n" * 8
    instead: bool = True

    def strike(self, wire: Wire, data: bytes) -> None:
        """Send the bytes; the connection is closed behind them where they come instead."""
        wire.send(self.data)
        if self.instead:
            wire.end()
        else:
            wire.send(data)


@dataclass(frozen=True, slots=True)
class Silence(Fault):
    """Connections are accepted and stay open, requests are forwarded, no answer comes back."""

    def strike(self, wire: Wire, data: bytes) -> None:
        """Let nothing more through."""
        del data
        wire.hush()


@dataclass(frozen=True, slots=True)
class Delay(Fault):
    """Each piece of an answer comes later by ``seconds``."""

    seconds: float = 1.0

    def strike(self, wire: Wire, data: bytes) -> None:
        """Wait, then send."""
        wire.pause(self.seconds)
        wire.send(data)


@dataclass(frozen=True, slots=True)
class Drip(Fault):
    """Answers come ``size`` bytes at a time, ``seconds`` apart."""

    seconds: float = 0.05
    size: int = 1

    def strike(self, wire: Wire, data: bytes) -> None:
        """Send the bytes in small pieces."""
        for start in range(0, len(data), self.size):
            wire.pause(self.seconds)
            wire.send(data[start : start + self.size])


@dataclass(frozen=True, slots=True)
class LoseAnswer(Fault):
    """A request that holds ``to`` goes through and is acted on; its answer never arrives.

    The case of letters does not count. The connection is reset when the answer begins, so that
    the system has done what it was asked. All other answers arrive.
    """

    to: bytes = b""


@dataclass(frozen=True, slots=True)
class Status(Fault):
    """HTTP only: each request is answered with a status of its own, and is not forwarded."""

    code: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def reply(self) -> bytes:
        """Return the whole answer; the connection is closed behind it."""
        head = {**self.headers, "Content-Length": str(len(self.body)), "Connection": "close"}
        lines = [f"HTTP/1.1 {self.code} {HTTPStatus(self.code).phrase}"]
        lines += [f"{name}: {value}" for name, value in head.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + self.body


LASTING = (Refuse, Delay, Drip)
"""Faults that hold until they are healed; the others may strike a number of times."""
