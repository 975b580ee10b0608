"""The product center's tables, and which rows are the same product or price."""

from sqlalchemy import MetaData

from midspan.store.tables import state_tables
from shared_services.contracts.entities import entity_types
from shared_services.golden.model import MatchRule, golden_model
from shared_services.outbox.inbox import inbox_tables

CENTER = "product_center"
REVISION = 5

METADATA = MetaData(schema=CENTER)
STATE = state_tables(METADATA)
INBOX = inbox_tables(METADATA)

PRODUCT = golden_model(
    entity_types()["product"],
    (MatchRule("code", ("code",), exclusive=True),),
    STATE,
    METADATA,
)

PRICE = golden_model(
    entity_types()["price"],
    (MatchRule("product_currency_day", ("product_code", "currency", "valid_from")),),
    STATE,
    METADATA,
)

MODELS = {"product": PRODUCT, "price": PRICE}
