"""Under load and faults: nothing lost, effects once, in order, and every caller told in time."""

import time
from pathlib import Path

import pytest

from tests.messaging.chaos import Chaos
from tests.messaging.worker import STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_consumer_killed_at_any_step_loses_and_doubles_nothing(
    amqp_url: str, tmp_path: Path, step: str
) -> None:
    """SIGKILL before the transaction, in it, and between its commit and the acknowledgement."""
    chaos = Chaos(amqp_url, tmp_path)
    chaos.fault(lambda: chaos.start(step))
    while not chaos.worker_died:
        time.sleep(0.02)
    chaos.start_worker()
    time.sleep(0.3)

    figures = chaos.finish()

    print(figures)
    assert (tmp_path / f"died-{step}").exists()
    assert figures.sent
    assert figures.ok, figures


def test_a_network_that_is_cut_again_and_again_loses_and_doubles_nothing(
    amqp_url: str, tmp_path: Path
) -> None:
    """Publisher, consumer, server and caller all come back, and finish what they were at."""
    chaos = Chaos(amqp_url, tmp_path)
    chaos.start()
    for _ in range(4):
        time.sleep(0.4)
        chaos.fault(chaos.proxy.cut)

    figures = chaos.finish()

    print(figures)
    assert figures.sent
    assert figures.answered
    assert figures.ok, figures
