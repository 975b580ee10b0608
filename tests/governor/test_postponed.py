"""A system that closes in the middle of a sync: nothing is lost, and nothing read twice."""

from datetime import UTC, datetime

import pytest

from midspan.governor.overview import overview
from midspan.kernel.errors import SystemClosed
from midspan.kernel.gate import Lane
from tests.sync import legacy

ROWS = 9
"""Three pages of three."""


@pytest.fixture
def pages(monkeypatch):
    """Note each page that is asked of the system."""
    read: list[str] = []
    monkeypatch.setattr(legacy, "touched", read.append)
    return read


@pytest.fixture
def paused(bench):
    """Pause the ERP after the first page of a sync of three."""
    for key in range(1, ROWS + 1):
        bench.erp.put("customers", key, name=f"Customer {key}", email=f"c{key}@example.com")
    bench.pass_time()

    def pause(_progress):
        bench.project.control.pause("erp", "anna", "month end")

    with pytest.raises(SystemClosed) as caught:
        bench.sync(each=pause)
    return bench, caught.value


def test_a_pause_in_the_middle_keeps_what_was_read(paused, pages):
    """After it the sync goes on behind the last page it had, and applies all of it once."""
    bench, error = paused
    before = len(bench.customers())
    bench.project.control.resume("erp")
    pages.clear()
    report = bench.sync()
    resumed = len(pages)
    bench.sync(full_refresh=True)
    whole = len(pages) - resumed

    assert (error.code, before) == ("governor.paused", 0)
    assert error.reopens_at > datetime.now(UTC)
    assert report.ledger.counts["read"] == ROWS == len(bench.customers())
    assert resumed == whole - 1


def test_the_ledger_says_postponed_and_why(paused):
    """Nothing failed: the run waits for its system."""
    bench, _error = paused
    run = bench.runs()[-1]

    assert (run["status"], run["error_code"]) == ("postponed", "governor.paused")
    assert "anna" in run["error_message"]


def test_the_overview_tells_how_a_gate_stands(bench):
    """Open, then paused with who and why; running calls and starts are counted."""
    system = bench.project.system("erp")
    control = bench.project.control
    before = overview(control, "erp", system.config)
    gate = bench.project.adapter("erp")._context.gate
    seen = gate.call(Lane.LIVE, lambda timeouts: overview(control, "erp", system.config))
    control.pause("erp", "anna", "month end")
    after = overview(control, "erp", system.config)

    assert (before.state, before.starts) == ("open", 0)
    assert (seen.running, seen.starts, seen.breaker) == ({"live": 1}, 1, "closed")
    assert after.state == "paused"
    assert after.pause is not None
    assert after.pause.by == "anna"
