"""The user center's tables, and which rows are the same customer."""

from sqlalchemy import MetaData

from midspan.store.tables import state_tables
from shared_services.contracts.entities import entity_types
from shared_services.golden.model import MatchRule, golden_model

CENTER = "user_center"
REVISION = 3

METADATA = MetaData(schema=CENTER)
STATE = state_tables(METADATA)

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
