"""Every message the product center takes; the tables at the end are the whole service.

``RPC_MANY`` answers calls that arrive together, outside of any transaction: products and prices
come from syncs of their own, so that no state holds them together anyway.
"""

from collections.abc import Callable
from typing import Any

from shared_services.contracts.commands import Command
from shared_services.contracts.methods import PRODUCT_FIND, PRODUCT_GET, PRODUCT_GET_MANY
from shared_services.product_center.service import (
    get_each_product,
    get_product,
    get_products,
    list_products,
)

RPC = {
    PRODUCT_GET: get_product,
    PRODUCT_GET_MANY: get_products,
    PRODUCT_FIND: list_products,
}

RPC_MANY = {
    PRODUCT_GET: get_each_product,
}

# Products are told by syncs alone; no app commands them.
COMMANDS: dict[Command, Callable[..., Any]] = {}
