"""What the centers answer, from records in memory: the same as the real ones, error by error."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from midspan.kernel.errors import RemoteError
from shared_services.client.testing.consents import InMemoryConsents
from shared_services.client.testing.records import Records
from shared_services.contracts import methods
from shared_services.contracts.entities import Customer, Price, Product
from shared_services.contracts.methods import (
    CustomerPage,
    Customers,
    FindCustomers,
    FindProducts,
    GetById,
    GetMany,
    GetProduct,
    PricedProduct,
    ProductPage,
    Products,
    SelectedCustomers,
    SelectedProducts,
)
from shared_services.contracts.selection import require_selectable, select_fields

T = TypeVar("T", Customer, PricedProduct)
Answer = Callable[[Any], msgspec.Struct]


class Answers:
    """Every method's function over these records."""

    def __init__(
        self,
        customers: Records[Customer],
        products: Records[Product],
        prices: Records[Price],
        consents: InMemoryConsents,
    ) -> None:
        self._customers = customers
        self._products = products
        self._prices = prices
        self.table: dict[str, Answer] = {
            methods.CUSTOMER_GET.name: self._customer,
            methods.CUSTOMER_GET_MANY.name: self._some_customers,
            methods.CUSTOMER_FIND.name: self._find_customers,
            methods.CUSTOMER_CONSENTS.name: consents.list,
            methods.PRODUCT_GET.name: self._product,
            methods.PRODUCT_GET_MANY.name: self._some_products,
            methods.PRODUCT_FIND.name: self._find_products,
        }

    def _customer(self, request: GetById) -> Customer:
        found = self._customers.get(request.id)
        if found is None:
            text = f"there is no customer {request.id}"
            raise RemoteError("customer.not_found", text, detail={"id": request.id})
        return found

    def _some_customers(self, request: GetMany) -> Customers | SelectedCustomers:
        found = _unique(self._customers.get(golden_id) for golden_id in request.ids)
        if request.fields is None:
            return Customers(items=found)
        return SelectedCustomers(items=_selected(Customer, found, request.fields))

    def _find_customers(self, request: FindCustomers) -> CustomerPage:
        exact = {name: getattr(request, name) for name in ("tax_id", "phone", "country")}
        exact["email"] = request.email.strip().casefold() if request.email is not None else None
        found = [
            one
            for one in self._customers.all()
            if _fits(one, exact) and _holds(one.name, request.name)
        ]
        page, following = _page(found, request.after, request.limit)
        return CustomerPage(items=page, next=following)

    def _product(self, request: GetProduct) -> PricedProduct:
        if (request.id is None) == (request.code is None):
            raise RemoteError("rpc.invalid_request", "give either id or code")
        if request.id is not None:
            found = self._products.get(request.id)
        else:
            coded = (one for one in self._products.all() if one.code == request.code)
            found = next(coded, None)
        if found is None:
            text = f"there is no product {request.code or request.id}"
            detail = {"id": request.id, "code": request.code}
            raise RemoteError("product.not_found", text, detail=detail)
        return self._priced(found)

    def _some_products(self, request: GetMany) -> Products | SelectedProducts:
        known = (self._products.get(golden_id) for golden_id in request.ids)
        found = _unique(self._priced(one) for one in known if one is not None)
        if request.fields is None:
            return Products(items=found)
        return SelectedProducts(items=_selected(PricedProduct, found, request.fields))

    def _find_products(self, request: FindProducts) -> ProductPage:
        exact = {"category": request.category, "active": request.active}
        found = [
            one
            for one in self._products.all()
            if _fits(one, exact)
            and _holds(one.name, request.name)
            and (request.codes is None or one.code in request.codes)
        ]
        page, following = _page([self._priced(one) for one in found], request.after, request.limit)
        return ProductPage(items=page, next=following)

    def _priced(self, product: Product) -> PricedProduct:
        mine = [one for one in self._prices.all() if one.product_code == product.code]
        prices = sorted(mine, key=lambda one: (one.currency, one.valid_from))
        return PricedProduct(**msgspec.structs.asdict(product), prices=prices)


def _unique(records: Any) -> list[Any]:
    """Return each record once, without those that are not there."""
    return list({one.id: one for one in records if one is not None}.values())


def _selected(entity: type[T], records: Sequence[T], fields: Sequence[str]) -> list[Any]:
    require_selectable(entity, fields)
    return [select_fields(entity, one, fields) for one in records]


def _fits(record: msgspec.Struct, exact: dict[str, Any]) -> bool:
    return all(value is None or getattr(record, name) == value for name, value in exact.items())


def _holds(text: str, part: str | None) -> bool:
    return part is None or part.lower() in text.lower()


def _page(records: Sequence[T], after: int, limit: int) -> tuple[list[T], int | None]:
    behind = [one for one in records if one.id > after]
    page = behind[:limit]
    return page, (page[-1].id if len(behind) > limit else None)
