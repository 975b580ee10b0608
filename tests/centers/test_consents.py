"""A consent, its event and the note that it was carried out are one transaction."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import func, select

from midspan.kernel.errors import RemoteError
from midspan.ops.carrying import Carrying
from midspan.ops.metrics import Metrics
from midspan.store.engine import Store
from midspan.sync.centers import Center, load_center
from shared_services.contracts.commands import CUSTOMER_RECORD_CONSENT, RecordConsent
from shared_services.messaging.consumer import Message
from shared_services.messaging.envelope import Envelope
from shared_services.user_center.model import CONSENT, CUSTOMER, INBOX, STATE
from tests.fixtures_store import MakeBench

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def command(golden_id: int, message_id: str, *, granted: bool = True) -> Message:
    """Return a command as it arrives."""
    key = CUSTOMER_RECORD_CONSENT.routing_key
    body = RecordConsent(id=golden_id, purpose="newsletter", granted=granted, at=NOW)
    envelope = Envelope(id=message_id, source="shop", type=key, time=NOW)
    return Message(envelope, msgspec.json.encode(body), 1)


@pytest.fixture
def center() -> Center:
    """Give the user center."""
    return load_center("user_center")


@pytest.fixture
def store(make_bench: MakeBench) -> Store:
    """Give its store with one customer."""
    bench = make_bench()
    bench.erp.put("customers", 1, name="Ann")
    bench.pass_time()
    bench.sync()
    return bench.project.store("user_center")


def counts(store: Store) -> tuple[int, int, int]:
    """Return how many consents, events and noted messages there are."""
    with store.read() as connection:
        tables = (CONSENT, STATE.outbox, INBOX.seen)
        found = [connection.execute(select(func.count()).select_from(one)) for one in tables]
        consents, events, seen = (int(one.scalar_one()) for one in found)
        return consents, events, seen


def test_all_of_it_or_nothing(center: Center, store: Store) -> None:
    """A command that cannot be done leaves nothing, and takes back those of its batch."""
    carrying = Carrying(center, store, Metrics())
    _, events, _ = counts(store)

    with pytest.raises(RemoteError) as refused:
        carrying.receive([command(1, "a"), command(99, "b")])
    assert refused.value.code == "customer.not_found"
    assert counts(store) == (0, events, 0)

    carrying.receive([command(1, "a")])
    carrying.receive([command(1, "a", granted=False)])
    assert counts(store) == (1, events + 1, 1)


def test_the_customers_sequence_goes_on(center: Center, store: Store) -> None:
    """Readers who drop older events see the consent's event, and the next sync's."""
    Carrying(center, store, Metrics()).receive([command(1, "a")])

    with store.read() as connection:
        told = connection.execute(
            select(STATE.outbox.c.sequence).where(STATE.outbox.c.run_id == "a")
        ).scalar_one()
        golden = connection.execute(select(CUSTOMER.golden.c.sequence)).scalar_one()
    assert told == golden == 2
