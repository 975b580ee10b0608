"""Connections that another thread can break.

Guarantee: whoever waits for a system on one of these sockets stops waiting when they are shut,
in the middle of a receive too, and meets a broken connection.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

Keep = Callable[[socket.socket], None]


class BreakableAdapter(HTTPAdapter):
    """The transport of a requests session whose sockets can be shut from another thread."""

    def __init__(self) -> None:
        self._sockets: WeakSet[socket.socket] = WeakSet()
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections, as requests asks for them."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy, as requests asks for them."""
        manager = super().proxy_manager_for(*args, **kwargs)
        self._watch(manager)
        return manager

    def shut(self) -> None:
        """Break every open connection; never raises."""
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _watch(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = _pools(self._sockets.add)


def _pools(keep: Keep) -> dict[str, Any]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _kept(self.sock, keep)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _kept(self.sock, keep)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _kept(opened: socket.socket | None, keep: Keep) -> None:
    if opened is not None:
        keep(opened)
