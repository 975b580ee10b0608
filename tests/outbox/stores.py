"""An empty user center and events to put into its outbox."""

from datetime import UTC, datetime
from pathlib import Path

from midspan.store.engine import Store, open_store
from midspan.store.revision import Revision
from shared_services.contracts.events import EntityEvent
from shared_services.user_center.model import CENTER, METADATA, REVISION

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def open_center(url: str | None, folder: Path) -> Store:
    """Open a user center's store, its tables made."""
    store = open_store(url, folder, CENTER)
    store.create(METADATA, Revision(CENTER, str(REVISION)))
    return store


def event(golden_id: int, sequence: int) -> EntityEvent:
    """Return the event of a customer's change."""
    return EntityEvent(
        entity="customer",
        id=golden_id,
        epoch=1,
        sequence=sequence,
        verb="updated",
        changed=("city",),
    )
