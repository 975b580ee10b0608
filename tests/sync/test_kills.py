"""I1: killed at any touch of the outside and started again, nothing is lost and nothing doubled.

A touch is a page read, a writing transaction begun, one about to commit. A child process
kills itself (SIGKILL) at the n-th touch of a run, on SQLite for every third n, on PostgreSQL,
whose databases take longer to copy, for every eleventh; with MIDSPAN_TEST_EVERY_KILL set, for
every n there is. The run is then done again, and what the center holds is compared with that
of a run nobody disturbed.
"""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from tests.fixtures_store import PostgresServer
from tests.sync import legacy
from tests.sync.bench import Bench
from tests.sync.legacy import TestClock

FORK = multiprocessing.get_context("fork")
MOST_TOUCHES = 120


class Counter:
    """Counts touches; ends this very process at touch ``fatal``."""

    def __init__(self, fatal: int | None = None) -> None:
        self.count = 0
        self._fatal = fatal

    def transaction(self, connection: Connection) -> None:
        """Count a writing transaction of a center or a staging; the gate's own are its affair."""
        writes = connection.get_execution_options().get("midspan_writer")
        if writes and not str(connection.engine.url.database).endswith("control.db"):
            self.touch("transaction")

    def touch(self, _what: str) -> None:
        self.count += 1
        if self.count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count while the context lasts."""
        before = legacy.touched
        legacy.touched = self.touch
        event.listen(Engine, "begin", self.transaction)
        event.listen(Engine, "commit", self.transaction)
        try:
            yield
        finally:
            legacy.touched = before
            event.remove(Engine, "begin", self.transaction)
            event.remove(Engine, "commit", self.transaction)


class Scene:
    """A state of systems and stores that can be played from again and again."""

    def __init__(self, folder: Path, server: PostgresServer | None) -> None:
        self._server = server
        self._kept = folder / "kept"
        self._folder = folder / "played"
        self._template = server.create() if server else None
        self._urls: list[str] = []
        self.stride = 1 if os.environ.get("MIDSPAN_TEST_EVERY_KILL") else 11 if server else 3
        options = '{"deletes": {"max_delete_pct": 50}}'
        self.bench = Bench(self._folder, self._template, sync_options=options)

    def keep(self) -> None:
        """Take the present state as the one to play from."""
        self.bench.close()
        self._now = self.bench.clock.now()
        shutil.copytree(self._folder, self._kept)

    def play(self) -> Bench:
        """Return a bench in the kept state."""
        self.bench.close()
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder)
        self.bench.clock = TestClock(self._now)
        if self._server and self._template:
            url = self._server.create(self._template)
            self._urls.append(url)
            settings = replace(self.bench.project.settings, store_url=url)
            self.bench.project = replace(self.bench.project, settings=settings)
        return self.bench

    def close(self) -> None:
        self.bench.close()
        if self._server and self._template:
            for url in (*self._urls, self._template):
                self._server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(
    request: pytest.FixtureRequest, scripted_adapter: None, tmp_path: Path
) -> Iterator[Scene]:
    """Give a loaded center, and systems in which everything there is has changed since."""
    on_server = request.param == "postgresql"
    scene = Scene(tmp_path, request.getfixturevalue("postgres_server") if on_server else None)
    bench = scene.bench
    for key in range(1, 5):
        bench.erp.put("customers", key, name=f"Customer {key}", email=f"c{key}@example.com")
    bench.pass_time()
    bench.sync()
    bench.pass_time()
    bench.erp.put("customers", 1, name="Changed", email="c1@example.com")
    bench.erp.put("customers", 4, name="Customer 4", email="c2@example.com")
    bench.erp.put("customers", 5, name="New")
    bench.erp.put("customers", 6, name="")
    bench.erp.put("customers.phones", 50, customer=3, number="1")
    bench.erp.remove("customers", 3)
    bench.pass_time()
    scene.keep()
    yield scene
    scene.close()


def held(bench: Bench) -> dict[str, Any]:
    """Return everything that must not depend on what happened on the way."""
    dropped = {"run_id", "applied_at", "as_of", "merged_at", "deleted_at", "first_seen"}
    dropped |= {"last_seen", "created_at", "position", "lease_until", "version", "id"}
    dropped |= {"lower"}  # where the last run began to read: one run more begins later
    found: dict[str, Any] = {}
    for table in bench.project.centers["user_center"].metadata.sorted_tables:
        if table.name not in {"sync_run", "outbox"}:
            rows = [
                {name: value for name, value in row.items() if name not in dropped}
                | {"deleted": row.get("deleted_at") is not None, "golden": row.get("golden_id")}
                for row in bench.rows(table)
            ]
            found[table.name] = rows
    per_key: dict[str, list[tuple[int, str]]] = {}
    for row in bench.rows(bench.customer.state.outbox):
        per_key.setdefault(row["aggregateid"], []).append((row["sequence"], row["id"]))
    runs = [run for run in bench.runs() if run["status"] == "succeeded"]
    found["events"] = per_key
    found["sums"] = {
        name: sum(run[name] for run in runs) for name in ("inserted", "updated", "missing")
    }
    return found


def test_a_run_killed_at_any_touch_is_as_good_as_an_undisturbed_one(scene: Scene) -> None:
    """Rows, golden ids, redirects, quarantine, cursor, events per key and sums are the same."""
    counter = Counter()
    with counter.counting():
        _everything(scene.play())
    expected = held(scene.bench)
    assert 20 < counter.count < MOST_TOUCHES

    for fatal in range(1, counter.count, scene.stride):
        bench = scene.play()
        bench.close()
        child = FORK.Process(target=_until, args=(bench, fatal))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, fatal
        _everything(bench)

        assert held(bench) == expected, f"killed at touch {fatal}"


def _everything(bench: Bench) -> None:
    bench.sync()
    bench.deletes()


def _until(bench: Bench, fatal: int) -> None:
    with Counter(fatal).counting():
        _everything(bench)
