"""What status says of a sync is true also where the process could not write it down."""

import signal
from datetime import timedelta
from typing import Any

import pytest

from midspan.cli.queries import sync_status
from midspan.kernel.errors import DriftError
from tests.sync.bench import Bench, load
from tests.sync.test_kills import FORK, Counter

one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""For what no store has a part in."""


def status(bench: Bench) -> dict[str, Any]:
    sync = bench.project.sync("erp.customers")
    return sync_status(bench.project, sync, bench.clock.now())


def _until(bench: Bench, fatal: int) -> None:
    with Counter(fatal).counting():
        bench.sync()


@one_store
def test_a_killed_run_reads_died(bench: Bench) -> None:
    """At once, before any other run finds it; one that works reads running."""
    load(bench, 4)
    bench.erp.put("customers", 5, name="New")
    bench.pass_time()
    seen: list[str] = []
    bench.sync(each=lambda _progress: seen.append(status(bench)["runs"][-1]["status"]))
    bench.close()

    child = FORK.Process(target=_until, args=(bench, 12))
    child.start()
    child.join()

    killed = status(bench)["runs"][-1]
    assert child.exitcode == -signal.SIGKILL
    assert bench.runs()[-1]["status"] == "running"
    assert (killed["status"], killed["error_code"]) == ("died", "sync.died")
    assert set(seen) == {"running"}


@one_store
def test_data_older_than_its_freshness_is_late(bench: Bench) -> None:
    """In seconds, from the source's clock at the last reading; a sync that never ran is late."""
    file = bench.folder / "home/config/systems/erp.yaml"
    file.write_text(file.read_text().replace("deletes: snapshot", "freshness: 1h", 1))
    bench.assemble()
    never = status(bench)["late"]
    load(bench, 1)
    fresh = status(bench)
    bench.clock.forward(timedelta(hours=2))

    late = status(bench)

    assert (never, fresh["late"], late["late"]) == (True, False, True)
    assert late["age_seconds"] - fresh["age_seconds"] == 7200
    assert late["freshness_seconds"] == 3600


@one_store
def test_what_stops_a_sync_is_named(bench: Bench) -> None:
    """The source's field that is gone."""
    load(bench, 1)
    file = bench.folder / "home/config/systems/erp.yaml"
    file.write_text(file.read_text().replace("tax, city]", "tax]"))
    bench.assemble()
    with pytest.raises(DriftError):
        bench.sync()

    assert status(bench)["drift"] == ["city"]
