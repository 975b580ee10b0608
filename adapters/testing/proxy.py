"""A TCP proxy on the loopback whose answers a test can spoil; for HTTP and databases alike.

    with FaultProxy(("127.0.0.1", 5432)) as proxy:
        connect(*proxy.address)
        proxy.set(Reset(after=4000))      # until healed
        proxy.set(Status(429, {"Retry-After": "2"}), times=3)
        proxy.heal()

Guarantee: a fault reaches present connections as well as new ones; a connection that was
harmed is never healed, only ended, so that no client goes on with a stream that has a hole.
``close`` leaves neither socket nor thread behind.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from adapters.testing.faults import LASTING, Fault, Refuse
from adapters.testing.link import Link

Address = tuple[str, int]


class FaultProxy:
    """Forwards connections to ``target``; ``address`` leads through it.

    ``connections`` counts those that were accepted, ``answered`` the bytes of answers that
    were let through. ``on_request`` is called for each piece of a request that comes.
    """

    def __init__(self, target: Address) -> None:
        self.target = target
        self.connections = 0
        self.answered = 0
        self.on_request: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._times: int | None = None
        self._passing = 0
        self._over = threading.Event()
        self._links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()
        self._acceptor = self._listen()

    def set(self, fault: Fault, times: int | None = None) -> None:
        """Let ``fault`` strike from now on, ``times`` connections or until ``heal`` when None."""
        if times is not None and isinstance(fault, LASTING):
            raise ValueError(f"{type(fault).__name__} holds until it is healed")
        self.heal()
        with self._lock:
            self._fault, self._times = fault, times
            self._passing = fault.after
            self._over = threading.Event()
        if isinstance(fault, Refuse):
            self._deafen()
            self.cut()

    def heal(self) -> None:
        """End the fault; harmed connections are closed, new ones are forwarded untouched."""
        with self._lock:
            deaf = isinstance(self._fault, Refuse)
            self._fault = None
            self._over.set()
            harmed = [link for link in self._links if link.harmed]
        for link in harmed:
            link.end()
        if deaf:
            self._listener = socket.create_server(self.address)
            self._acceptor = self._listen()

    def cut(self) -> None:
        """Reset every connection that there is; new ones are let through."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.reset()

    def close(self) -> None:
        """End the proxy and all its connections."""
        if not isinstance(self.current()[0], Refuse):
            self._deafen()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.end()
        with self._lock:
            self._fault = None
            self._over.set()
        for link in links:
            link.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def current(self) -> tuple[Fault | None, threading.Event]:
        """Return the fault that holds, and what is set when it is over; for links."""
        with self._lock:
            return self._fault, self._over

    def asked(self) -> None:
        """Note that a request came; for links."""
        if self.on_request is not None:
            self.on_request()

    def admit(self, size: int) -> tuple[int, Fault | None]:
        """Return how many of ``size`` bytes of an answer pass, and what strikes the rest."""
        with self._lock:
            if self._fault is None:
                self.answered += size
                return size, None
            passing = min(size, self._passing)
            self._passing -= passing
            self.answered += passing
            return passing, self._fault if passing < size else None

    def struck(self, fault: Fault) -> None:
        """Note that a fault has struck a connection; it is over when that was its last time."""
        with self._lock:
            if self._fault is not fault or self._times is None:
                return
            self._times -= 1
            self._passing = fault.after
            if self._times == 0:
                self._fault = None
                self._over.set()

    def left(self, link: Link) -> None:
        """Forget a connection that has ended; for links."""
        with self._lock:
            self._links.remove(link)

    def _listen(self) -> threading.Thread:
        thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        thread.start()
        return thread

    def _deafen(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            link = Link(self, client)
            with self._lock:
                self.connections += 1
                self._links.append(link)
            link.start()
