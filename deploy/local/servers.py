"""Finds or starts the servers a checkout needs: RabbitMQ, PostgreSQL, MariaDB.

Guarantee: each server is, in this order, the one an environment variable names (if that does
not answer, nothing else is tried in its stead), for RabbitMQ one on the standard port that
lets guest in, or a private one from the distribution's packages on loopback, on a free port,
below the state directory. What was started is stopped again, and only that.

    python -m deploy.local.servers up rabbitmq        # prints NAME='value' lines for a shell
    python -m deploy.local.servers run rabbitmq postgres -- pytest
    python -m deploy.local.servers status
    python -m deploy.local.servers down

Exit codes: 0 done, 2 a person has to act, 3 may work later; ``run`` returns its command's.
"""

import argparse
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self, TypeVar

from deploy.local import host, mariadb, postgres, rabbitmq
from deploy.local.host import SetupError
from deploy.local.private_server import PrivateServer, this_process
from deploy.local.server_kind import Kind, ProbeFailed, address
from deploy.local.server_process import Component
from midspan.kernel.errors import MidspanError, TransientError

KINDS: dict[str, Kind] = {kind.name: kind for kind in (rabbitmq.KIND, postgres.KIND, mariadb.KIND)}
DEFAULT_STATE = Path(__file__).resolve().parents[2] / "var" / "servers"
_STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]
T = TypeVar("T")


def _say_nothing(_: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers in use. ``env`` names each by the variables the platform and its tests read."""

    env: Mapping[str, str]
    holder: Component
    private: tuple[PrivateServer, ...]

    def stop(self) -> None:
        """Give the servers up; private ones nobody else uses, and nobody kept, are stopped."""
        _in_parallel([partial(server.release, self.holder) for server in self.private])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def ensure(
    names: Sequence[str],
    state: Path = DEFAULT_STATE,
    *,
    keep: bool = False,
    say: Say = _say_nothing,
) -> Servers:
    """Find or start the named servers, all at once, and hold them until ``stop``.

    With ``keep`` they outlive this process until ``stop_servers``. Raises ``SetupError`` where
    a person has to act and ``TransientError`` where a server would not start; then nothing
    that was started for this call is left running.
    """
    kinds = [_kind(name) for name in names]
    env = _existing(kinds, say)
    missing = [kind for kind in kinds if kind.variable not in env and not kind.is_installed()]
    if missing:
        _install(missing, state, say)
        env |= _existing(missing, say)  # a distribution may start what it installs
    private = tuple(PrivateServer(kind, state) for kind in kinds if kind.variable not in env)
    servers = Servers(env, this_process(secrets.token_hex(8)), private)
    try:
        starts = [partial(_start, server, servers.holder, keep, say) for server in private]
        for variables in _in_parallel(starts):
            env |= variables
    except BaseException:
        servers.stop()
        raise
    return servers


def stop_servers(names: Sequence[str], state: Path = DEFAULT_STATE) -> list[str]:
    """Stop the named private servers whoever uses them; return the names of those there were."""
    servers = [PrivateServer(_kind(name), state) for name in names]
    were = _in_parallel([server.down for server in servers])
    return [server.kind.name for server, was in zip(servers, were, strict=True) if was]


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise SetupError(
            "setup.unknown_server", f"no server is called {name}", remedy=f"Use {', '.join(KINDS)}"
        )
    return KINDS[name]


def _existing(kinds: Sequence[Kind], say: Say) -> dict[str, str]:
    """Return the variables of the servers that run already."""
    env: dict[str, str] = {}
    for found in _in_parallel([partial(_existing_one, kind, say) for kind in kinds]):
        env |= found
    return env


def _existing_one(kind: Kind, say: Say) -> dict[str, str]:
    url = os.environ.get(kind.variable) or kind.standard()
    if url is None:
        return {}
    try:
        kind.probe(url)
    except ProbeFailed as error:
        raise SetupError(
            "setup.server_refused",
            f"{kind.variable} names {address(url)}, which does not let us in: {error}",
            remedy=f"Start that server or mend {kind.variable},\n"
            f"or unset {kind.variable}: a private {kind.name} is then started",
        ) from error
    say(f"{kind.name}: using {address(url)}")
    return {kind.variable: url}


def _install(kinds: Sequence[Kind], state: Path, say: Say) -> None:
    packages = [kind.package for kind in kinds]
    say(f"{', '.join(packages)}: not on this machine, asking apt-get")
    state.mkdir(parents=True, exist_ok=True)
    host.install(packages, [kind.variable for kind in kinds], state / "apt.log")


def _start(server: PrivateServer, holder: Component, keep: bool, say: Say) -> dict[str, str]:
    begun = time.monotonic()
    variables = server.acquire(holder, keep=keep)
    where = address(variables[server.kind.variable])
    say(f"{server.kind.name}: private, {where}, ready in {time.monotonic() - begun:.1f} s")
    return variables


def _in_parallel(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run jobs at once, wait for all, then return their results or raise the first error."""
    with ThreadPoolExecutor(max_workers=max(1, len(jobs))) as pool:
        futures = [pool.submit(job) for job in jobs]
    return [future.result() for future in futures]


def _run(arguments: argparse.Namespace) -> int:
    """Run a command with the servers' variables; whatever ends it, they are given up."""
    with _ending_on_signals(), ensure(arguments.names, arguments.state, say=_tell) as servers:
        process = subprocess.Popen(  # noqa: S603 - the command is the caller's own
            arguments.command, env=dict(os.environ) | dict(servers.env)
        )
        try:
            code = process.wait()
        except BaseException:
            _end_child(process)
            raise
    return code if code >= 0 else 128 - code


def _end_child(process: subprocess.Popen[bytes]) -> None:
    """Let an interrupted command finish its own clean-up, for a bounded time."""
    if not sys.stdin.isatty():  # a terminal has told it already, and twice means at once
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Turn the signals that end a process into an exception, so that clean-up runs."""
    before = {number: signal.signal(number, _raise_exit) for number in _STOPPING_SIGNALS}
    # A shell starts its background jobs with SIGINT ignored, and an ignored signal stays
    # ignored in our child, which could then never clean up.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise_exit(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _up(arguments: argparse.Namespace) -> int:
    with _ending_on_signals():
        servers = ensure(arguments.names, arguments.state, keep=True, say=_tell)
    if arguments.json:
        print(json.dumps(dict(servers.env)))
    else:
        for name, value in servers.env.items():
            print(f"{name}={shlex.quote(value)}")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    for name in stop_servers(arguments.names, arguments.state):
        _tell(f"{name}: stopped")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    states = {}
    for name in arguments.names:
        record = PrivateServer(_kind(name), arguments.state).current()
        states[name] = address(record.variables[KINDS[name].variable]) if record else None
    if arguments.json:
        print(json.dumps(states))
    else:
        for name, where in states.items():
            print(f"{name}: {where or 'no private server runs'}")
    return 0


def _tell(line: str) -> None:
    print(f"servers: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="servers", description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, act in (("up", _up), ("down", _down), ("status", _status), ("run", _run)):
        one = verbs.add_parser(verb)
        one.set_defaults(act=act)
        one.add_argument("names", nargs="*", metavar="SERVER", help=", ".join(KINDS))
        one.add_argument("--state", type=Path, default=DEFAULT_STATE)
        if verb in {"up", "status"}:
            one.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(words: Sequence[str]) -> int:
    """Carry out one command line; ``--`` separates the command that ``run`` runs."""
    own, command = list(words), []
    if "--" in own:
        own, command = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = _parser()
    arguments = parser.parse_args(own)
    if (arguments.verb == "run") != bool(command):
        parser.error("run takes a command after --, the other verbs take none")
    arguments.names, arguments.command = arguments.names or list(KINDS), command
    try:
        return int(arguments.act(arguments))
    except MidspanError as error:
        print(f"[{error.code}] {error.message}\n{error.remedy}", file=sys.stderr)
        return 3 if isinstance(error, TransientError) else 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
