"""The ERP's server process: Tryton's own HTTP server on a loopback port.

Guarantee: after `start()` the server answers with its database loaded; after `stop()` its
process is gone. A server that an earlier, killed run left behind in the same folder is found by
its pid file and stopped first, and only when that pid still runs our server.
"""

import http
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from examples.company.erp.environment import ROOT, clean_environment, python
from examples.company.erp.provision import DATABASE
from midspan.kernel.errors import MidspanError

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05
THIRTY_DAYS_S = 30 * 24 * 3600


class ErpServer:
    """A Tryton serving the database in `folder` (see `provision.fresh_copy`).

    `port` None takes a free one at each start. `session_max_age` is the life of a login in
    seconds. The log is `folder/trytond.log`.
    """

    database = DATABASE

    def __init__(
        self, folder: Path, *, port: int | None = None, session_max_age: int = THIRTY_DAYS_S
    ) -> None:
        self.folder = folder.resolve()
        self.port = port
        self._wanted_port = port
        self._session_max_age = session_max_age
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address without database, as in `http://127.0.0.1:8069`."""
        return f"http://{HOST}:{self.port}"

    @property
    def database_file(self) -> Path:
        """The SQLite file that the server works on."""
        return self.folder / f"{DATABASE}.sqlite"

    @property
    def pid(self) -> int | None:
        """The process id of the running server, None when stopped."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start and wait until the server answers.

        Raises `MidspanError`: `demo.port_taken`, or `demo.erp_start` with the end of its log.
        """
        self.stop()
        self._stop_leftover()
        self.port = _usable_port(self._wanted_port)
        config = self._write_config()
        command = [str(python()), "-m", "examples.company.erp.inside.serve"]
        with (self.folder / "trytond.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*command, "-c", str(config), "-d", DATABASE],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=clean_environment(),
                start_new_session=True,  # Ctrl-C is the driver's to handle
            )
        self._pid_file.write_text(str(self._process.pid))
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """Ask the server to end, insist after ten seconds; nothing happens when it is stopped.

        A server of this folder that another process started is stopped as well.
        """
        process, self._process = self._process, None
        if process is None:
            self._stop_leftover()
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._recorded_pid() == process.pid:  # it may be a successor's by now
            self._pid_file.unlink()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _pid_file(self) -> Path:
        return self.folder / "trytond.pid"

    @property
    def _config_file(self) -> Path:
        return self.folder / "trytond.conf"

    def _write_config(self) -> Path:
        self._config_file.write_text(
            f"[database]\npath = {self.folder}\n"
            f"[web]\nlisten = {HOST}:{self.port}\nroot =\n"
            f"[session]\nmax_age = {self._session_max_age}\n"
        )
        return self._config_file

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if _answers(self.port or 0):
                return
            time.sleep(POLL_S)
        self.stop()
        lines = (self.folder / "trytond.log").read_text(errors="replace").splitlines()
        raise MidspanError(
            "demo.erp_start",
            f"the demo's ERP did not start: {' | '.join(lines[-3:])}",
            remedy=f"Read {self.folder / 'trytond.log'}.",
        )

    def _stop_leftover(self) -> None:
        pid = self._recorded_pid()
        if pid is None:
            return
        if self._is_ours(pid):
            _end(pid, lambda: self._is_ours(pid))
        self._pid_file.unlink()

    def _recorded_pid(self) -> int | None:
        """Return what the pid file says; 0 for one that a kill left empty."""
        try:
            return int(self._pid_file.read_text() or 0)
        except FileNotFoundError:
            return None

    def _is_ours(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self._config_file).encode() in command.split(b"\0")


def _end(pid: int, is_alive: Callable[[], bool]) -> None:
    """Stop a process that is not our child: ask, then insist."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while is_alive() and time.monotonic() < deadline:
            time.sleep(POLL_S)


def _usable_port(wanted: int | None) -> int:
    """Return `wanted`, or a free port; raise when `wanted` is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted or 0))
        except OSError as error:
            raise MidspanError(
                "demo.port_taken",
                f"port {wanted}, meant for the demo's ERP, is taken by another process",
                remedy=f"Stop what listens there (`ss -ltnp 'sport = :{wanted}'`).",
            ) from error
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    body = json.dumps({"id": 0, "method": "common.server.version", "params": []})
    try:
        connection.request("POST", "/rpc/", body, {"Content-Type": "application/json"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()
