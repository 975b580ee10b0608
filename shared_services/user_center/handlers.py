"""Every message the user center takes; the tables at the end are the whole service.

``RPC_MANY`` answers calls that arrive together by one statement, outside of any transaction.
"""

from shared_services.contracts.commands import CUSTOMER_RECORD_CONSENT
from shared_services.contracts.methods import (
    CUSTOMER_CONSENTS,
    CUSTOMER_FIND,
    CUSTOMER_GET,
    CUSTOMER_GET_MANY,
)
from shared_services.user_center.consents import list_consents, record_consent
from shared_services.user_center.service import (
    get_customer,
    get_customers,
    get_each_customer,
    list_customers,
)

RPC = {
    CUSTOMER_GET: get_customer,
    CUSTOMER_GET_MANY: get_customers,
    CUSTOMER_FIND: list_customers,
    CUSTOMER_CONSENTS: list_consents,
}

RPC_MANY = {
    CUSTOMER_GET: get_each_customer,
}

COMMANDS = {
    CUSTOMER_RECORD_CONSENT: record_consent,
}
