"""A TCP relay in front of the broker, whose connections a test can cut or hold."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class RelayProxy:
    """Forwards to the broker of ``url``; ``self.url`` leads through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        credentials = parts.netloc.rpartition("@")[0]
        self.url = f"amqp://{credentials}@127.0.0.1:{self.port}{parts.path}"
        self.held = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def hold_answers(self) -> None:
        """Let nothing that the broker says reach the client any more."""
        self.held.set()

    def cut(self) -> None:
        """Close every connection at once, as a network does; new ones are let through."""
        self.held.clear()
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the proxy."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            broker = socket.create_connection(self._target)
            self._sockets += [client, broker]
            self._spawn(client, broker, answers=False)
            self._spawn(broker, client, answers=True)

    def _spawn(self, source: socket.socket, target: socket.socket, *, answers: bool) -> None:
        thread = threading.Thread(target=self._forward, args=(source, target, answers), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with source, suppress(OSError):
            while data := source.recv(65536):
                if not (answers and self.held.is_set()):
                    target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
