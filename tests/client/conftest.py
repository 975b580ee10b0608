"""Every promise to apps is kept in memory and on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.worlds import MemoryWorld, World, broker_world
from tests.fixtures_broker import Broker


@pytest.fixture(params=["memory", "broker"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Give a world of either kind."""
    if request.param == "memory":
        yield MemoryWorld()
        return
    broker: Broker = request.getfixturevalue("broker")
    with broker_world(broker, tmp_path) as real:
        yield real
