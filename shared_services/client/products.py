"""Products with their prices, as the product center knows them."""

from collections.abc import Iterator, Sequence

from shared_services.client.caller import Caller
from shared_services.client.paging import pages, slices
from shared_services.contracts.methods import (
    PRODUCT_FIND,
    PRODUCT_GET,
    PRODUCT_GET_MANY,
    FindProducts,
    GetMany,
    GetProduct,
    PricedProduct,
    ProductPage,
)


class Products:
    """Reads golden products; ``timeout`` is in seconds, by default the client's own."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get(
        self,
        id: int | None = None,  # noqa: A002 the contract's name
        *,
        code: str | None = None,
        timeout: float | None = None,
    ) -> PricedProduct:
        """Return one product, by ``id`` or by ``code``.

        Raises RemoteError ``product.not_found``.
        """
        request = GetProduct(id=id, code=code)
        product: PricedProduct = self._caller.read(PRODUCT_GET, request, timeout)
        return product

    def get_many(self, ids: Sequence[int], *, timeout: float | None = None) -> list[PricedProduct]:
        """Return the products of ``ids``, leaving out the unknown and the deleted."""
        return [
            product
            for part in slices(ids)
            for product in self._caller.read(PRODUCT_GET_MANY, GetMany(ids=part), timeout).items
        ]

    def find(
        self,
        *,
        codes: Sequence[str] | None = None,
        name: str | None = None,
        category: str | None = None,
        active: bool | None = None,
        after: int = 0,
        limit: int = 100,
        timeout: float | None = None,
    ) -> ProductPage:
        """Return the products with an id above ``after`` that match every given filter."""
        request = FindProducts(
            codes=None if codes is None else list(codes),
            name=name,
            category=category,
            active=active,
            after=after,
            limit=limit,
        )
        page: ProductPage = self._caller.read(PRODUCT_FIND, request, timeout)
        return page

    def find_all(
        self,
        *,
        codes: Sequence[str] | None = None,
        name: str | None = None,
        category: str | None = None,
        active: bool | None = None,
        limit: int = 500,
        timeout: float | None = None,
    ) -> Iterator[PricedProduct]:
        """Yield every product that matches, page by page; ``timeout`` bounds each page."""
        return pages(
            lambda after: self.find(
                codes=codes,
                name=name,
                category=category,
                active=active,
                after=after,
                limit=limit,
                timeout=timeout,
            )
        )
