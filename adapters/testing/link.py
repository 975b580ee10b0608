"""One connection through the fault proxy: two sockets, and a thread for each direction.

Guarantee: a socket is closed by the last of the two threads that leaves, never under one that
waits in it: only then does a reset go out at once.
"""

import socket
import struct
import threading
from contextlib import suppress
from typing import Protocol

from adapters.testing.faults import Fault, LoseAnswer, Status
from adapters.testing.http_requests import is_whole

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)


class Door(Protocol):
    """What a link needs of the proxy it belongs to."""

    target: tuple[str, int]

    def current(self) -> tuple[Fault | None, threading.Event]:
        """Return the fault that holds, and what is set when it is over."""
        ...

    def asked(self) -> None:
        """Note that a request came."""

    def admit(self, size: int) -> tuple[int, Fault | None]:
        """Return how many bytes of an answer pass, and what strikes the rest."""
        ...

    def struck(self, fault: Fault) -> None:
        """Note that a fault has struck."""

    def left(self, link: "Link") -> None:
        """Forget a link."""


class Link:
    """Forwards one connection; it is the ``Wire`` of faults.

    ``harmed`` says that bytes of an answer were held back.
    """

    def __init__(self, door: Door, client: socket.socket) -> None:
        self.harmed = False
        self._door = door
        self._client = client
        self._server = socket.socket()
        self._hushed = False
        self._asked = b""
        self._tail = b""
        self._doomed: Fault | None = None
        self._left = threading.Lock()
        self._inside = 2
        self._threads = [
            threading.Thread(target=self._requests, daemon=True),
            threading.Thread(target=self._answers, daemon=True),
        ]

    @property
    def silent(self) -> bool:
        """Whether nothing reaches the client any more."""
        return self._hushed

    def start(self) -> None:
        """Connect to the target and forward; a target that refuses resets the client."""
        try:
            self._server.close()
            self._server = socket.create_connection(self._door.target)
        except OSError:
            self.reset()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until both directions have ended."""
        for thread in self._threads:
            thread.join()

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""
        if not self._hushed:
            self._client.sendall(data)

    def end(self) -> None:
        """Close the connection in order; threads that wait in its sockets come back."""
        self._hushed = True
        for each in (self._client, self._server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Break the connection: the client sees it as soon as both threads have left."""
        self._hushed = True
        with suppress(OSError):
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._client.shutdown(socket.SHUT_RD)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)

    def hush(self) -> None:
        """Let nothing more through to the client."""
        self._hushed = True

    def pause(self, seconds: float) -> None:
        """Wait, at most until the fault is over or the link ends."""
        _, over = self._door.current()
        if not self._hushed:
            over.wait(seconds)

    def _requests(self) -> None:
        with suppress(OSError):
            while data := self._client.recv(_CHUNK):
                self._door.asked()
                fault, _ = self._door.current()
                if isinstance(fault, Status):
                    self._answer(fault, data)
                    continue
                if isinstance(fault, LoseAnswer):
                    self._watch(fault, data)
                self._server.sendall(data)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)
        self._leave()

    def _answers(self) -> None:
        with suppress(OSError):
            while data := self._server.recv(_CHUNK):
                self._deliver(data)
            if not self._hushed:
                self._client.shutdown(socket.SHUT_WR)
        self._leave()

    def _deliver(self, data: bytes) -> None:
        if self._doomed is not None:
            self.harmed = True
            self.reset()
            self._door.struck(self._doomed)
            return
        if self._hushed:
            return
        passing, fault = self._door.admit(len(data))
        self.send(data[:passing])
        if fault is None:
            return
        fault.strike(self, data[passing:])
        if self.silent:
            self.harmed = True
            self._door.struck(fault)

    def _answer(self, fault: Status, data: bytes) -> None:
        self._asked += data
        if is_whole(self._asked):
            self.send(fault.reply())
            self._door.struck(fault)
            self.end()

    def _watch(self, fault: LoseAnswer, data: bytes) -> None:
        """Remember what was asked, as far as the wanted bytes may reach into the next piece."""
        wanted = fault.to.lower()
        self._tail = (self._tail + data)[-len(data) - len(wanted) :]
        if wanted in self._tail.lower():
            self._doomed = fault

    def _leave(self) -> None:
        with self._left:
            self._inside -= 1
            last = self._inside == 0
        if last:
            self._client.close()
            self._server.close()
            self._door.left(self)
