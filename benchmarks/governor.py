"""Measures the governor against a system that counts by itself.

A fake system, capped at ``CAP`` calls a second, notes when each call reaches it. Three
processes sync from it, one backfills, and live calls arrive above what is left; on SQLite a
large apply holds the write lock of a center's store all the while. Promised: no one-second
window above the cap; admitted live calls' p95 at most twice that of the idle system; the
rest refused within 50 ms, with ``retry_after``.

It runs on SQLite, and on PostgreSQL where ``MIDSPAN_TEST_POSTGRES_URL`` names a server; the
short form only on SQLite.
"""

import json
import os
import random
import secrets
import socket
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.frame import ROOT, BenchmarkError, Measurement, Settings, at_least, at_most
from config.model import BreakerConfig, BudgetConfig, SystemConfig, TimeoutsConfig
from midspan.governor import ControlStore, DatabaseGate, open_control
from midspan.kernel.errors import TransientError
from midspan.kernel.gate import Lane, Timeouts

CAP = 5
LIVE_RATE = 4.0
SERVICE_SECONDS = 0.04
REFUSED_WITHIN = 0.05
_SECONDS = 60.0
_SHORT = 3.0
_SLACK = 60


def config(rate: float = CAP, **changes: Any) -> SystemConfig:
    """Return the fake system's configuration."""
    options: dict[str, Any] = {
        "budget": BudgetConfig(rate, 4),
        "timeouts": TimeoutsConfig(
            timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=3)
        ),
        "breaker": BreakerConfig(1000),
    }
    return SystemConfig("fake", "fake", **(options | changes))


class FakeSystem:
    """Answers each call after a while; ``arrivals`` is when they reached it, in seconds."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self._lock = threading.Lock()
        self.running = self.peak = 0

    def handle(self, connection: socket.socket) -> None:
        """Note one call and answer it."""
        with self._lock:
            self.arrivals.append(time.monotonic())
            self.running += 1
            self.peak = max(self.peak, self.running)
        connection.recv(1)
        time.sleep(SERVICE_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 no secret
        with self._lock:
            self.running -= 1
        connection.sendall(b"+")

    def most_in_a_second(self) -> int:
        """Return the most calls in any half-open second that begins at a call."""
        times, most, first = sorted(self.arrivals), 0, 0
        for last, moment in enumerate(times):
            while times[first] <= moment - 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most


@contextmanager
def fake_system() -> Iterator[tuple[FakeSystem, int]]:
    """Run a fake system; give it and its port."""
    system = FakeSystem()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            system.handle(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield system, server.server_address[1]
        server.shutdown()


def call_system(port: int, timeouts: Timeouts) -> bytes:
    """Make one remote call."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeouts.connect) as connection:
        connection.settimeout(timeouts.read)
        connection.sendall(b"?")
        return connection.recv(1)


@dataclass(slots=True)
class Calls:
    """What a process saw, in seconds: how long its calls and its refusals took."""

    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    without_retry_after: int = 0

    def add(self, gate: DatabaseGate, lane: Lane, port: int) -> None:
        """Make one call and note how it went."""
        began = time.perf_counter()
        try:
            gate.call(lane, lambda timeouts: call_system(port, timeouts))
        except TransientError as error:
            self.refused.append(time.perf_counter() - began)
            self.without_retry_after += not error.retry_after
        else:
            self.admitted.append(time.perf_counter() - began)


def run_worker(gate: DatabaseGate, lane: Lane, port: int, seconds: float) -> Calls:
    """Call for some seconds: without a break, or, if live, as calls arrive."""
    calls, ends = Calls(), time.monotonic() + seconds
    while time.monotonic() < ends:
        if lane is Lane.LIVE:
            time.sleep(random.expovariate(LIVE_RATE))
        calls.add(gate, lane, port)
    return calls


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes meet: the control store, and the fake system's port."""

    url: str | None
    folder: Path
    port: int

    def control(self) -> ControlStore:
        """Open the control store."""
        return open_control(self.url, self.folder)

    def start(self, lane: Lane, seconds: float, rate: float = CAP) -> "subprocess.Popen[str]":
        """Start a process that calls in a lane."""
        words = {
            "url": self.url,
            "folder": str(self.folder),
            "port": self.port,
            "lane": lane.value,
            "seconds": seconds,
            "rate": rate,
        }
        return subprocess.Popen(  # noqa: S603 our own interpreter and module
            [sys.executable, "-m", "benchmarks.governor", "--worker", json.dumps(words)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )


def work(words: Mapping[str, Any]) -> None:
    """Be one of the processes; print what it saw."""
    place = Place(words["url"], Path(words["folder"]), words["port"])
    control = place.control()
    gate = DatabaseGate("fake", config(words["rate"]), control)
    calls = run_worker(gate, Lane(words["lane"]), place.port, words["seconds"])
    control.close()
    seen = (calls.admitted, calls.refused, calls.without_retry_after)
    click.echo(json.dumps(seen))


def collect(process: "subprocess.Popen[str]", seconds: float) -> Calls:
    """Return what a process saw; raise when it failed."""
    output, _ = process.communicate(timeout=seconds + _SLACK)
    if process.returncode:
        raise RuntimeError(f"a caller ended with {process.returncode}")
    return Calls(*json.loads(output))


@contextmanager
def large_apply(folder: Path) -> Iterator[None]:
    """Hold the write lock of a center's store, writing, until the context ends."""
    stop = threading.Event()

    def apply() -> None:
        store = sqlite3.connect(folder / "user_center.db", isolation_level=None)
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE golden (id INTEGER PRIMARY KEY, name TEXT)")
        while not stop.is_set():
            store.execute("BEGIN IMMEDIATE")
            for _ in range(50):
                if stop.is_set():
                    break
                store.executemany(
                    "INSERT INTO golden (name) VALUES (?)", [("x" * 200,) for _ in range(1000)]
                )
                time.sleep(0.05)
            store.execute("DELETE FROM golden")
            store.execute("COMMIT")
        store.close()

    thread = threading.Thread(target=apply)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run showed, times in seconds."""

    most_in_a_second: int
    peak: int
    arrivals: int
    idle: Calls
    live: Calls
    syncs: list[Calls]
    backfill: Calls


def observe(url: str | None, folder: Path, seconds: float, idle_seconds: float) -> Measured:
    """Run the show on one control store."""
    with fake_system() as (system, port):
        place = Place(url, folder, port)
        # The idle system's live calls come from a process of their own, as the loaded ones do.
        idle = collect(place.start(Lane.LIVE, idle_seconds), idle_seconds)
        with large_apply(folder):
            syncs = [place.start(Lane.SYNC, seconds) for _ in range(3)]
            backfill = place.start(Lane.BACKFILL, seconds)
            live = place.start(Lane.LIVE, seconds)
            seen = [collect(one, seconds) for one in (*syncs, backfill, live)]
        return Measured(
            system.most_in_a_second(),
            system.peak,
            len(system.arrivals),
            idle,
            seen[4],
            seen[:3],
            seen[3],
        )


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def figures(store: str, seen: Measured) -> list[Measurement]:
    """Return what was measured, against what is promised."""
    idle, live = percentile(seen.idle.admitted, 0.95), percentile(seen.live.admitted, 0.95)
    refusals = [seconds * 1000 for seconds in seen.live.refused]
    calls = {"live": len(seen.live.admitted), "backfill": len(seen.backfill.admitted)}
    calls["syncs"] = sum(len(one.admitted) for one in seen.syncs)
    untimed = seen.live.without_retry_after
    if not refusals:
        raise BenchmarkError("no live call was refused: load the system for longer")
    return [
        at_most(f"{store}: most calls in a second", "calls", seen.most_in_a_second, CAP),
        at_most(f"{store}: refusal, slowest", "ms", max(refusals), REFUSED_WITHIN * 1000),
        at_most(f"{store}: refusal p99", "ms", percentile(refusals, 0.99)),
        at_most(f"{store}: refusals without retry_after", "calls", untimed, 0),
        at_least(f"{store}: refusals", "calls", len(refusals)),
        at_most(
            f"{store}: live p95",
            "ms",
            live * 1000,
            2 * idle * 1000,
            peer=("the idle system", idle * 1000),
        ),
        *(at_least(f"{store}: calls by {who}", "calls", number) for who, number in calls.items()),
    ]


def per_call(folder: Path) -> Measurement:
    """Return what the gate adds to one call on SQLite."""
    control = open_control(None, folder)
    gate = DatabaseGate("quick", config(10_000), control)
    times = []
    for _ in range(300):
        began = time.perf_counter()
        gate.call(Lane.SYNC, lambda _timeouts: None)
        times.append(time.perf_counter() - began)
    control.close()
    return at_most("sqlite: gate per call, median", "ms", percentile(times, 0.5) * 1000, 2.0)


@contextmanager
def _database(server: str) -> Iterator[str]:
    """Give an empty database on a PostgreSQL server."""
    name = f"midspan_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def measure(settings: Settings) -> Iterator[Measurement]:
    """Measure what the gate adds to a call, and the show on each store."""
    seconds = settings.seconds or (_SHORT if settings.short else _SECONDS)
    idle = min(30.0, max(seconds / 4, 2.0))
    with tempfile.TemporaryDirectory() as folder:
        yield per_call(Path(folder) / "quick")
        (Path(folder) / "store").mkdir()
        yield from figures("sqlite", observe(None, Path(folder) / "store", seconds, idle))
    server = os.environ.get("MIDSPAN_TEST_POSTGRES_URL")
    if server and not settings.short:
        with _database(server) as url, tempfile.TemporaryDirectory() as folder:
            yield from figures("postgresql", observe(url, Path(folder), seconds, idle))


@click.command()
@click.option("--worker", required=True, hidden=True)
def main(worker: str) -> None:
    """Be one of the calling processes."""
    work(json.loads(worker))


if __name__ == "__main__":
    main()
