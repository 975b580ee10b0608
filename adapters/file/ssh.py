"""A session with an SSH server: who it is, who we are, and for how long a call may take.

What the connection's extra may hold: ``known_hosts`` (a file, or its lines) or ``host_key`` (the
server's own), one of which is needed; ``key_file`` or ``private_key``, and its
``private_key_passphrase``. Keys of the machine's user are never tried.
"""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry

from adapters.file.errors import unreachable
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError
from midspan.kernel.gate import Timeouts

FAILURES = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError)
PORT = 22

_NO_ANSWER = ("saw EOF", "timeout")
_CHANNEL = "adapters.file.ssh.paramiko"
_KEYS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)

# paramiko logs each failure with its traceback; they are all raised here, translated.
logging.getLogger(_CHANNEL).setLevel(logging.CRITICAL)


class Session:
    """A connection that stands."""

    def __init__(self, client: paramiko.SSHClient) -> None:
        self._client = client
        self._sftp: paramiko.SFTPClient | None = None

    def begin(self) -> None:
        """Open the channel for files."""
        self._sftp = self._client.open_sftp()

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this side knows."""
        transport = self._client.get_transport()
        return transport is not None and transport.is_active()

    @contextmanager
    def bounded(self, timeouts: Timeouts) -> Iterator[paramiko.SFTPClient]:
        """Lend the client for one call; a call that takes too long loses its connection."""
        if self._sftp is None:
            raise EOFError
        channel = self._sftp.get_channel()
        if channel is not None:
            channel.settimeout(timeouts.read)
        with self.watched(timeouts):
            yield self._sftp

    @contextmanager
    def watched(self, timeouts: Timeouts) -> Iterator[None]:
        """End the connection when what is done takes longer than a call may."""
        watch = threading.Timer(timeouts.total, self.close)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def close(self) -> None:
        """Close the connection; never raises."""
        with suppress(*FAILURES):
            self._client.close()


class _RefuseUnknown(paramiko.MissingHostKeyPolicy):
    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        del client
        raise AccessDenied(
            "file.host_key",
            f"the server {hostname} is not among the known hosts of the connection",
            remedy=f"Ask its owner whether {key.get_name()} {key.fingerprint} is its key, and add "
            "it as 'host_key' or to 'known_hosts' in the connection's extra",
        )


def open_session(
    connection: Connection, timeouts: Timeouts, begun: Callable[[Session], None]
) -> Session:
    """Connect and log in; raises AccessDenied, ProtocolError or TransientError.

    ``begun`` is told the session before it stands, so that another thread can end it.
    """
    client = paramiko.SSHClient()
    client.set_log_channel(_CHANNEL)
    client.set_missing_host_key_policy(_RefuseUnknown())
    _know(client, connection)
    key = _private_key(connection)
    session = Session(client)
    begun(session)
    try:
        with _told(connection), session.watched(timeouts):
            client.connect(
                connection.host,
                connection.port or PORT,
                connection.login or None,
                password=connection.password.reveal() or None,
                pkey=key,
                timeout=timeouts.connect,
                banner_timeout=timeouts.connect,
                auth_timeout=timeouts.read,
                channel_timeout=timeouts.read,
                allow_agent=False,
                look_for_keys=False,
            )
            session.begin()
            return session
    except MidspanError:
        client.close()
        raise


@contextmanager
def _told(connection: Connection) -> Iterator[None]:
    """Say what it means when a session cannot be had."""
    try:
        yield
    except paramiko.BadHostKeyException:
        raise AccessDenied(
            "file.host_key",
            f"the server {connection.host} shows another host key than the known one",
            remedy="Ask its owner whether the key was changed; if not, somebody stands in between",
        ) from None
    except paramiko.AuthenticationException as error:
        # The library has one class for a refusal and for a connection that broke meanwhile.
        if any(sign in str(error) for sign in _NO_ANSWER):
            raise unreachable(f"the server {connection.host}", "it went away at login") from None
        raise AccessDenied(
            "file.login",
            f"the server {connection.host} refuses the login '{connection.login}'",
            remedy="Check login, password or key of the connection",
        ) from None
    except paramiko.ssh_exception.IncompatiblePeer:
        raise ProtocolError(
            "file.ssh",
            f"the server {connection.host} offers no method that is still safe",
            remedy="Have its SSH software updated",
        ) from None
    except FAILURES as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise unreachable(f"the server {connection.host}", reason) from None


def _know(client: paramiko.SSHClient, connection: Connection) -> None:
    port = connection.port or PORT
    name = connection.host if port == PORT else f"[{connection.host}]:{port}"
    known = str(connection.extra.get("known_hosts") or "")
    try:
        lines = known.splitlines() if " " in known else []
        if known and not lines:
            lines = Path(known).expanduser().read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise _bad_extra("known_hosts", "cannot be read") from None
    if connection.extra.get("host_key"):
        lines.append(f"{name} {connection.extra['host_key']}")
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _entry(line)
        if entry is not None:
            for host in entry.hostnames or ():
                client.get_host_keys().add(host, entry.key.get_name(), entry.key)


def _entry(line: str) -> HostKeyEntry | None:
    try:
        entry = HostKeyEntry.from_line(line)
    except paramiko.SSHException:
        return None
    return entry if entry is not None and entry.key is not None else None


def _private_key(connection: Connection) -> paramiko.PKey | None:
    extra = connection.extra
    text = str(extra.get("private_key") or "")
    if not text and extra.get("key_file"):
        try:
            text = Path(str(extra["key_file"])).expanduser().read_text()
        except (OSError, UnicodeDecodeError):
            raise _bad_extra("key_file", "cannot be read") from None
    if not text:
        return None
    passphrase = str(extra.get("private_key_passphrase") or "") or None
    for kind in _KEYS:
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase)
        except paramiko.PasswordRequiredException:
            raise _bad_extra("private_key_passphrase", "is missing") from None
        except (paramiko.SSHException, ValueError, TypeError, IndexError):
            continue
    raise _bad_extra("private_key", "cannot be read as a key, or its passphrase is wrong")


def _bad_extra(name: str, what: str) -> AccessDenied:
    return AccessDenied(
        "file.key",
        f"'{name}' of the connection's extra {what}",
        remedy="Correct it, and who may read it",
    )
