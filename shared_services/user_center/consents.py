"""Consents: a customer's word on the use of their data, the latest for each purpose.

Recording one writes it, raises the customer's sequence and appends the event that tells it, in
the caller's transaction. A word older than the one that stands changes nothing.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, or_, select, update

from midspan.kernel.errors import RemoteError
from midspan.store.load import mappings, upsert
from shared_services.contracts.commands import RecordConsent
from shared_services.contracts.events import EntityEvent
from shared_services.contracts.methods import Consent, Consents, GetById
from shared_services.messaging.envelope import Envelope
from shared_services.outbox.writer import append_events
from shared_services.user_center.model import CONSENT, CUSTOMER, STATE
from shared_services.user_center.repository import customers_by_id


def list_consents(connection: Connection, request: GetById) -> Consents:
    """Return a customer's consents; RemoteError ``customer.not_found`` when there is none."""
    return Consents(items=list(_standing(connection, _live_id(connection, request.id)).values()))


def record_consent(connection: Connection, command: RecordConsent, envelope: Envelope) -> None:
    """Let a customer's word stand if it is the latest; the sender's app is kept with it."""
    golden_id = _live_id(connection, command.id)
    _lock(connection, golden_id)
    before = _standing(connection, golden_id).get(command.purpose)
    if before is not None and before.at >= command.at:
        return
    row = {
        "customer_id": golden_id,
        "purpose": command.purpose,
        "granted": command.granted,
        "at": command.at,
        "app": envelope.source,
    }
    statement = upsert(connection, CONSENT).values(row)
    changing = {name: statement.excluded[name] for name in ("granted", "at", "app")}
    keys = ["customer_id", "purpose"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changing))
    if before is None or before.granted != command.granted:
        _tell(connection, golden_id, envelope.id)


def _live_id(connection: Connection, asked: int) -> int:
    found = customers_by_id(connection, [asked])
    if asked not in found:
        text = f"there is no customer {asked}"
        raise RemoteError("customer.not_found", text, detail={"id": asked})
    return found[asked].id


def _lock(connection: Connection, golden_id: int) -> None:
    golden = CUSTOMER.golden
    connection.execute(select(golden.c.id).where(golden.c.id == golden_id).with_for_update())


def _standing(connection: Connection, golden_id: int) -> dict[str, Consent]:
    """Return the latest word for each purpose, of the record and of those merged into it."""
    redirect = CUSTOMER.redirect
    merged = select(redirect.c.old_id).where(redirect.c.new_id == golden_id)
    found = connection.execute(
        select(CONSENT)
        .where(or_(CONSENT.c.customer_id == golden_id, CONSENT.c.customer_id.in_(merged)))
        .order_by(CONSENT.c.at, CONSENT.c.customer_id)
    )
    latest = {row["purpose"]: row for row in mappings(found)}
    return {
        purpose: Consent(purpose=purpose, granted=row["granted"], at=row["at"], app=row["app"])
        for purpose, row in sorted(latest.items())
    }


def _tell(connection: Connection, golden_id: int, cause: str) -> None:
    golden = CUSTOMER.golden
    mine = golden.c.id == golden_id
    connection.execute(update(golden).where(mine).values(sequence=golden.c.sequence + 1))
    epoch, sequence = connection.execute(
        select(golden.c.epoch, golden.c.sequence).where(mine)
    ).one()
    event = EntityEvent(
        entity="customer",
        id=golden_id,
        epoch=epoch,
        sequence=sequence,
        verb="updated",
        changed=("consents",),
    )
    append_events(connection, STATE.outbox, [event], now=datetime.now(UTC), run_id=cause)
