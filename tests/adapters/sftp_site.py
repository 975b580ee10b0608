"""A real SFTP server in this process, on loopback, that serves one folder."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_PERMISSION_DENIED

from config.connections import Connection
from midspan.kernel.redaction import Secret

LOGIN, PASSWORD = "drop", "s3cret-of-the-drop"


class SftpSite:
    """Serves ``root``; counts connections, and can cut them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key = paramiko.ECDSAKey.generate()
        self.user_key = paramiko.ECDSAKey.generate()
        self.connections = 0
        self.reads = 0
        self.cut_after: int | None = None
        self._transports: list[paramiko.Transport] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def host_key(self) -> str:
        """The server's key, as the connection's extra has it."""
        return f"{self.key.get_name()} {self.key.get_base64()}"

    def connection(self, **changes: Any) -> Connection:
        """Return a connection to the folder; ``changes`` replace some of it."""
        given: dict[str, Any] = {
            "scheme": "sftp",
            "host": "127.0.0.1",
            "port": self.port,
            "login": LOGIN,
            "password": Secret(PASSWORD),
            "extra": {"host_key": self.host_key},
        }
        return Connection("drop", **(given | changes))

    def told_read(self) -> None:
        """Count a read; cut the connections when it is time to."""
        self.reads += 1
        if self.cut_after is not None and self.reads >= self.cut_after:
            self.cut_after = None
            self.cut()

    def cut(self) -> None:
        """End all connections at once."""
        for transport in self._transports:
            with suppress(OSError, EOFError):
                transport.sock.close()

    def close(self) -> None:
        """Stop serving."""
        with suppress(OSError):  # wakes the thread that accepts
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for transport in self._transports:
            transport.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                client, _address = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            transport = paramiko.Transport(client)
            transport.set_log_channel("tests.sftp")
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, self)
            self._transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Door(self))


class _Door(paramiko.ServerInterface):
    def __init__(self, site: SftpSite) -> None:
        self._site = site

    def check_auth_password(self, username: str, password: str) -> int:
        known = (username, password) == (LOGIN, PASSWORD)
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = username == LOGIN and key.get_base64() == self._site.user_key.get_base64()
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    site: SftpSite

    def read(self, offset: int, length: int) -> Any:
        self.site.told_read()
        return super().read(offset, length)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, site: SftpSite) -> None:
        super().__init__(server)
        self._site = site

    def _path(self, path: str) -> Path:
        return self._site.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        try:
            names = sorted(os.listdir(self._path(path)))  # noqa: PTH208 names are wanted
            return [self._attributes(self._path(path) / name, name) for name in names]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def _attributes(self, path: Path, name: str) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(path.lstat(), name)

    def stat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def lstat(self, path: str) -> Any:
        return self.stat(path)

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:
        try:
            if not self._path(path).exists() and not flags & os.O_CREAT:
                return SFTP_NO_SUCH_FILE
            if self._path(path).exists() and not self._path(path).stat().st_mode & 0o400:
                return SFTP_PERMISSION_DENIED
            number = os.open(self._path(path), flags, 0o600)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        file = os.fdopen(number, "wb" if flags & os.O_WRONLY else "rb")
        handle = _Handle(flags)
        handle.site = self._site
        handle.filename = str(path)  # type: ignore[attr-defined]  # for paramiko's own messages
        handle.readfile = handle.writefile = file  # type: ignore[attr-defined]  # paramiko's own
        return handle

    def remove(self, path: str) -> int:
        return self._done(self._path(path).unlink)

    def rename(self, oldpath: str, newpath: str) -> int:
        if self._path(newpath).exists():
            return SFTP_FAILURE
        return self._done(self._path(oldpath).rename, self._path(newpath))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._done(self._path(oldpath).replace, self._path(newpath))

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        return self._done(self._path(path).mkdir)

    def _done(self, operation: Any, *arguments: Any) -> int:
        try:
            operation(*arguments)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return SFTP_OK


@contextmanager
def sftp_site(root: Path) -> Iterator[SftpSite]:
    """Serve a folder."""
    site = SftpSite(root)
    try:
        yield site
    finally:
        site.close()
