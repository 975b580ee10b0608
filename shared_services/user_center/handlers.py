"""Every message the user center answers; the table at the end is the whole service."""

from shared_services.contracts.methods import CUSTOMER_FIND, CUSTOMER_GET, CUSTOMER_GET_MANY
from shared_services.user_center.service import get_customer, get_customers, list_customers

RPC = {
    CUSTOMER_GET: get_customer,
    CUSTOMER_GET_MANY: get_customers,
    CUSTOMER_FIND: list_customers,
}
