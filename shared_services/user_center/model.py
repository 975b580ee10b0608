"""The user center's tables, and which rows are the same customer."""

from sqlalchemy import MetaData, Table

from midspan.store.tables import state_tables
from midspan.store.types import column
from shared_services.contracts.entities import entity_types
from shared_services.golden.model import MatchRule, golden_model
from shared_services.outbox.inbox import inbox_tables

CENTER = "user_center"
REVISION = 5

METADATA = MetaData(schema=CENTER)
STATE = state_tables(METADATA)
INBOX = inbox_tables(METADATA)

CUSTOMER = golden_model(
    entity_types()["customer"],
    (
        MatchRule("tax_id", ("tax_id",), exclusive=True),
        MatchRule("email", ("email",)),
        # A phone is shared by a household or an office: only with the same name it is proof.
        MatchRule("phone_and_name", ("phone", "name")),
    ),
    STATE,
    METADATA,
)

MODELS = {"customer": CUSTOMER}

# Kept under the id that was named: a merge moves nothing, and reading follows it.
CONSENT = Table(
    "customer_consent",
    METADATA,
    column("customer_id", "integer", primary_key=True, autoincrement=False),
    column("purpose", "string", primary_key=True),
    column("granted", "boolean", nullable=False),
    column("at", "datetime", nullable=False),
    column("app", "string", nullable=False),
)
