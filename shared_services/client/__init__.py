"""What a market-facing app imports to use the shared services.

    from shared_services.client import Client

    with Client(url, app="shop") as midspan:
        customer = midspan.customers.get(42)

        @midspan.subscribe("customer.*", "product.*")
        def on_change(event, envelope): ...

        midspan.run()

Reads are repeated within their time when that is safe; events are delivered at least once, in
order per entity, and a subscription's ``positions`` drop those that were already applied. For
an app's own tests, ``shared_services.client.testing`` has the shared services in memory.
"""

from msgspec import UNSET

from midspan.kernel.errors import RemoteError, TransientError
from shared_services.client.client import Client
from shared_services.client.positions import (
    MemoryPositions,
    NoPositions,
    Positions,
    SqlitePositions,
)
from shared_services.client.subscription import Event
from shared_services.contracts.events import EntityEvent, SnapshotReady
from shared_services.messaging.envelope import Envelope

__all__ = [
    "UNSET",
    "Client",
    "EntityEvent",
    "Envelope",
    "Event",
    "MemoryPositions",
    "NoPositions",
    "Positions",
    "RemoteError",
    "SnapshotReady",
    "SqlitePositions",
    "TransientError",
]
