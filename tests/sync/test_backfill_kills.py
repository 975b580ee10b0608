"""I1, I6: a backfill killed at any touch and begun again ends as an undisturbed one.

Touches and their strides are those of ``test_kills``.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from midspan.sync.backfill import run_backfill
from tests.sync.bench import START, Bench, load
from tests.sync.test_kills import FORK, Counter, Scene, held

TO = "2026-03-02T12:30:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(
    request: pytest.FixtureRequest, scripted_adapter: None, tmp_path: Path
) -> Iterator[Scene]:
    """Give a loaded center, and a source whose past was changed behind the cursor."""
    on_server = request.param == "postgresql"
    scene = Scene(tmp_path, request.getfixturevalue("postgres_server") if on_server else None)
    bench = scene.bench
    load(bench)
    bench.erp.put("customers", 1, START, name="Changed", email="c1@example.com")
    bench.erp.put("customers", 4, START, name="Customer 4", email="c2@example.com")
    bench.erp.put("customers", 5, START, name="Slipped")
    bench.erp.put("customers", 6, START, name="")
    scene.keep()
    yield scene
    scene.close()


def test_a_backfill_killed_at_any_touch_ends_as_an_undisturbed_one(scene: Scene) -> None:
    """Rows, golden ids, quarantine, cursor, events per key and sums are the same."""
    counter = Counter()
    with counter.counting():
        _backfill(scene.play())
    expected = held(scene.bench)
    assert counter.count > 8

    for fatal in range(1, counter.count, scene.stride):
        bench = scene.play()
        bench.close()
        child = FORK.Process(target=_until, args=(bench, fatal))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, fatal
        _backfill(bench)

        assert held(bench) == expected, f"killed at touch {fatal}"


def _backfill(bench: Bench) -> None:
    run_backfill(bench.project, "erp.customers", None, TO, bench.options())


def _until(bench: Bench, fatal: int) -> None:
    with Counter(fatal).counting():
        _backfill(bench)
