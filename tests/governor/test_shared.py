"""One budget over all processes: proven by a fake system that counts by itself."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from benchmarks.governor import (
    CAP,
    REFUSED_WITHIN,
    Place,
    collect,
    config,
    fake_system,
    observe,
    percentile,
)
from config.model import BreakerConfig, BudgetConfig, RetryConfig
from midspan.governor import DatabaseGate
from midspan.governor.control import LOCK_SECONDS
from midspan.kernel.errors import SystemClosed, TransientError
from midspan.kernel.gate import Lane

SECONDS = float(os.environ.get("MIDSPAN_TEST_GOVERNOR_SECONDS", "10"))
"""How long the system is loaded; the long form takes 600."""


@pytest.mark.alone
@pytest.mark.timeout(SECONDS + 120)
def test_no_second_is_above_the_cap_and_live_calls_are_quick(store_url, tmp_path):
    """Three syncs, a backfill, live calls above what is left, and a large apply beside them."""
    seen = observe(store_url, tmp_path, SECONDS, idle_seconds=5)

    assert seen.most_in_a_second <= CAP
    assert seen.peak <= 4
    assert seen.arrivals >= SECONDS * CAP * 0.8
    assert all(one.admitted for one in (*seen.syncs, seen.live))
    assert seen.live.refused
    assert percentile(seen.live.refused, 0.95) <= REFUSED_WITHIN
    assert seen.live.without_retry_after == 0
    assert percentile(seen.live.admitted, 0.95) <= 2 * percentile(seen.idle.admitted, 0.95) + 0.02


_HOLDER = """
import sys, time
from pathlib import Path
from benchmarks.governor import config
from config.model import BudgetConfig
from midspan.governor import DatabaseGate, open_control
from midspan.kernel.gate import Lane
gate = DatabaseGate("fake", config(budget=BudgetConfig(100, 1)),
                    open_control(sys.argv[1] or None, Path(sys.argv[2])))
gate.call(Lane.SYNC, lambda timeouts: (print("held", flush=True), time.sleep(60)))
"""


def test_a_killed_holders_place_comes_back_by_itself(store_url, tmp_path):
    """No earlier than the total timeout, and soon after it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, store_url or "", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    began = time.monotonic()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    control = Place(store_url, tmp_path, 0).control()
    gate = DatabaseGate("fake", config(budget=BudgetConfig(100, 1)), control)

    with pytest.raises(TransientError):
        gate.call(Lane.LIVE, lambda timeouts: None)
    waited = gate.call(Lane.SYNC, lambda timeouts: time.monotonic() - began)
    control.close()

    assert 2.9 <= waited <= 3.0 + 1.0 + 1.5


def test_a_live_call_is_refused_while_another_process_holds_the_lock(store_url, tmp_path):
    """It needs no lock to be told no, and why: a slow holder does not make it wait."""
    place = Place(store_url, tmp_path, 0)
    control, other = place.control(), place.control()
    gate = DatabaseGate("fake", config(budget=BudgetConfig(1, 1)), control)
    gate.call(Lane.SYNC, lambda timeouts: None)

    def call(_seen: object) -> TransientError:
        with pytest.raises(TransientError) as refusal:
            gate.call(Lane.LIVE, lambda timeouts: None)
        return refusal.value

    refused = other.change("fake", call)
    control.close()
    other.close()

    assert "budget is used up" in refused.message
    assert (refused.retry_after or 0) > LOCK_SECONDS


def test_a_pause_reaches_running_processes_and_ends(store_url, tmp_path):
    """Calls stop within one, the caller knows it, and go on when somebody resumes."""
    with fake_system() as (system, port):
        place = Place(store_url, tmp_path, port)
        control = place.control()
        gate = DatabaseGate("fake", config(), control)
        other = place.start(Lane.SYNC, 60)
        while len(system.arrivals) < 3:
            time.sleep(0.02)
        control.pause("fake", "anna", "month end")
        other.communicate(timeout=20)
        at_pause = len(system.arrivals)

        with pytest.raises(SystemClosed):
            gate.call(Lane.SYNC, lambda timeouts: None)
        control.resume("fake")
        collect(place.start(Lane.SYNC, 1.5), 1.5)
        control.close()

    assert other.returncode != 0
    assert len(system.arrivals) > at_pause


def test_the_breaker_is_one_for_all_processes(store_url, tmp_path):
    """A process that never saw a failure stays away, and all come back after one try."""
    breaker = BreakerConfig(3, timedelta(seconds=1), timedelta(seconds=1))
    control = Place(store_url, tmp_path, 0).control()
    retry = RetryConfig(3, timedelta(milliseconds=1))
    gate = DatabaseGate("fake", config(100, breaker=breaker, retry=retry), control)

    def refuse(_timeouts: object) -> None:
        raise TransientError("http.busy", "busy")

    with pytest.raises(TransientError):
        gate.call(Lane.SYNC, refuse)
    with fake_system() as (system, port):
        opened = time.monotonic()
        place = Place(store_url, tmp_path, port)
        # Live calls are refused while it is open, and admitted once it is closed again.
        seen = collect(place.start(Lane.LIVE, 4), 4)
    control.close()

    assert min(system.arrivals) - opened >= 0.5
    assert seen.admitted


def test_a_busy_center_store_does_not_hold_the_gate_up(tmp_path):
    """Embedded, the control store is a file of its own, and nobody waits for its disk."""
    control = Place(None, tmp_path, 0).control()
    gate = DatabaseGate("fake", config(10_000), control)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        gate.call(Lane.SYNC, lambda timeouts: None)
        times.append(time.perf_counter() - began)
    control.close()

    assert percentile(times, 0.5) < 0.01
    assert (tmp_path / "control.db").exists()
