"""Every message the product center answers; the table at the end is the whole service."""

from shared_services.contracts.methods import PRODUCT_FIND, PRODUCT_GET, PRODUCT_GET_MANY
from shared_services.product_center.service import get_product, get_products, list_products

RPC = {
    PRODUCT_GET: get_product,
    PRODUCT_GET_MANY: get_products,
    PRODUCT_FIND: list_products,
}
