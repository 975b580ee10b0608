"""The set-up's servers: found or started, shared, recovered after a kill, and stopped."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import host, postgres, server_process, servers
from deploy.local.amqp_login import log_in
from deploy.local.host import SetupError
from deploy.local.private_server import PrivateServer
from deploy.local.server_kind import ProbeFailed
from deploy.local.server_process import Component, Record

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "deploy.local.servers")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """One private PostgreSQL for this module, below a directory no other user may enter."""
    private = PrivateServer(postgres.KIND, tmp_path_factory.mktemp("state"))
    yield private
    private.down()
    if private.home.is_dir():
        shutil.rmtree(postgres.KIND.data(private.home).parent, ignore_errors=True)


@pytest.fixture
def state(cluster: PrivateServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the module's state directory; nothing runs there before and after a test."""
    monkeypatch.delenv(postgres.KIND.variable, raising=False)
    yield cluster.state
    cluster.down()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that has nothing to do with us."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def _record(state: Path) -> Record:
    found = PrivateServer(postgres.KIND, state).current()
    assert found is not None
    return found


def _runner(state: Path, *command: str) -> subprocess.Popen[bytes]:
    """Start a process that holds PostgreSQL while it runs ``command``."""
    words = [*COMMAND, "run", "postgres", "--state", str(state), "--", *command]
    return subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL)


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.05)


def test_a_server_stops_with_its_last_holder(state: Path) -> None:
    """Two users share one server; the first to leave does not take it from the other."""
    first = servers.ensure(["postgres"], state)
    second = servers.ensure(["postgres"], state)
    server = _record(state).components[0]

    assert first.env == second.env
    first.stop()
    assert server_process.is_alive(server)
    second.stop()
    assert not server_process.is_alive(server)


def test_a_kept_server_outlives_its_holder_until_down(state: Path) -> None:
    """What ``up`` starts stays, and ``down`` stops it."""
    servers.ensure(["postgres"], state, keep=True).stop()
    server = _record(state).components[0]

    assert server_process.is_alive(server)
    assert servers.stop_servers(["postgres"], state) == ["postgres"]
    assert not server_process.is_alive(server)
    assert servers.stop_servers(["postgres"], state) == []


def test_a_killed_run_hands_its_server_to_the_next(state: Path, tmp_path: Path) -> None:
    """SIGKILL of the holder: the next run uses the same server and stops it in the end."""
    runner = _runner(state, "sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60")
    _await_file(tmp_path / "pid")
    server = _record(state).components[0]
    runner.kill()
    runner.wait()

    with servers.ensure(["postgres"], state):
        assert _record(state).components == [server]
    assert not server_process.is_alive(server)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_killed_server_is_replaced(state: Path, stranger: subprocess.Popen[bytes]) -> None:
    """SIGKILL of the server: leftovers are cleared, though its lock names a living stranger."""
    lost = servers.ensure(["postgres"], state)
    server = _record(state).components[0]
    os.kill(server.pid, signal.SIGKILL)
    lock = postgres.KIND.data(state.resolve() / "postgres") / "postmaster.pid"
    lock.write_text(lock.read_text().replace(str(server.pid), str(stranger.pid), 1))

    with servers.ensure(["postgres"], state) as found:
        postgres.KIND.probe(found.env[postgres.KIND.variable])
        assert _record(state).components != [server]
    lost.stop()
    assert stranger.poll() is None


def test_an_unrecorded_server_is_swept(state: Path) -> None:
    """A run killed before it wrote its record leaves no server behind after the next."""
    lost = servers.ensure(["postgres"], state)
    server = _record(state).components[0]
    server_process.forget(state / "postgres")

    with servers.ensure(["postgres"], state):
        assert not server_process.is_alive(server)
    lost.stop()


def test_a_recycled_process_id_is_never_signalled(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """A stale record whose process id now belongs to somebody else does them no harm."""
    private = PrivateServer(postgres.KIND, tmp_path)
    private.home.mkdir()
    now = server_process.identify("postgres", stranger.pid)
    stale = Component("postgres", stranger.pid, now.started - 1, now.boot)
    server_process.save(private.home, Record([stale], {}))

    assert private.current() is None
    assert private.down()
    assert stranger.poll() is None


def test_a_taken_port_is_avoided(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody takes between the choice and the start costs one more try."""
    with socket.create_server((host.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        ports = iter([port])
        monkeypatch.setattr(postgres, "free_port", lambda: next(ports, 0) or host.free_port())

        with servers.ensure(["postgres"], state) as found:
            assert f":{port}/" not in found.env[postgres.KIND.variable]


def test_a_run_returns_its_commands_exit_code(state: Path) -> None:
    """``run`` ends as its command ended, and stops what it started."""
    assert _runner(state, "sh", "-c", "exit 7").wait(timeout=60) == 7
    assert PrivateServer(postgres.KIND, state).current() is None


def test_a_terminated_run_ends_command_and_server(state: Path, tmp_path: Path) -> None:
    """SIGTERM to ``run`` lets the command clean up, then stops the server."""
    script = f"trap 'touch {tmp_path}/cleaned; exit 0' INT; touch {tmp_path}/up; sleep 60 & wait"
    runner = _runner(state, "bash", "-c", script)
    _await_file(tmp_path / "up")
    runner.terminate()

    assert runner.wait(timeout=60) == 128 + signal.SIGTERM
    assert (tmp_path / "cleaned").exists()
    assert PrivateServer(postgres.KIND, state).current() is None


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("rabbitmq", "amqp"), ("postgres", "postgresql+psycopg"), ("mariadb", "mysql")],
)
def test_a_named_server_that_is_dead_is_an_error(
    name: str, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names variable, address and remedy, not the password; nothing is started."""
    variable, port = servers.KINDS[name].variable, host.free_port()
    monkeypatch.setenv(variable, f"{scheme}://someone:hush@127.0.0.1:{port}/x")

    with pytest.raises(SetupError) as caught:
        servers.ensure([name], tmp_path)
    assert variable in caught.value.message
    assert f"someone@127.0.0.1:{port}/x" in caught.value.message
    assert f"unset {variable}" in caught.value.remedy
    assert "hush" not in str(caught.value)
    assert servers.main(["run", name, "--state", str(tmp_path), "--", "true"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_told_in_three_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing may be installed, a person reads what to install and what else would do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as caught:
        host.install(["rabbitmq-server"], ["MIDSPAN_AMQP_URL"], tmp_path / "apt.log")

    lines = [caught.value.message, *caught.value.remedy.splitlines()]
    assert len(lines) == 3
    assert "sudo apt-get install rabbitmq-server" in lines[1]
    assert "MIDSPAN_AMQP_URL" in lines[2]


def test_a_place_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A directory under /tmp that another user put at our name is not used."""
    place = tmp_path / "midspan-0-0123456789"
    host.claim(place, os.getuid())
    host.claim(place, os.getuid())

    with pytest.raises(SetupError, match="is not a directory of this set-up"):
        host.claim(place, os.getuid() + 1)


def test_the_login_check_logs_in() -> None:
    """The broker of this test run lets its own user in; nothing is raised."""
    log_in(os.environ["MIDSPAN_AMQP_URL"])


@pytest.mark.parametrize(
    ("login", "vhost", "reason"),
    [
        ("guest:not-this-one", "%2F", "refuses the login of user guest"),
        ("guest:guest", "no-such-vhost", "refuses virtual host no-such-vhost"),
    ],
)
def test_the_login_check_says_what_is_refused(login: str, vhost: str, reason: str) -> None:
    """A wrong password and an unknown virtual host are told apart."""
    place = os.environ["MIDSPAN_AMQP_URL"].rpartition("@")[2].partition("/")[0]

    with pytest.raises(ProbeFailed, match=reason):
        log_in(f"amqp://{login}@{place}/{vhost}")


def test_a_server_of_another_protocol_is_no_broker() -> None:
    """Something else on the broker's port is recognised, not waited for."""
    with socket.create_server((host.LOOPBACK, 0)) as listener:
        listener.settimeout(5)
        url = f"amqp://guest:guest@127.0.0.1:{listener.getsockname()[1]}/"
        answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        script = f"import socket; socket.socket(fileno=0).accept()[0].sendall({answer!r})"
        words = [sys.executable, "-c", script]

        with (
            subprocess.Popen(words, stdin=listener.fileno()),
            pytest.raises(ProbeFailed, match="does not speak AMQP 0-9-1"),
        ):
            log_in(url)
