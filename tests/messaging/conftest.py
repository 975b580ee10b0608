"""The behaviour suite runs on both wires: pika's own, and the fast path."""

from functools import partialmethod

import pytest

from shared_services.messaging.connection import Connection


@pytest.fixture(params=["plain", "fast"])
def wire(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make each connection plain or fast; return which."""
    way: str = request.param
    initialise = partialmethod(Connection.__init__, fast=way == "fast")
    monkeypatch.setattr(Connection, "__init__", initialise)
    return way
