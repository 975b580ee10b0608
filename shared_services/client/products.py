"""Products with their prices, as the product center knows them.

``timeout`` is in seconds, by default the client's own. ``max_staleness`` is how old, in seconds,
the center's data may be: RemoteError ``rpc.too_stale`` tells how old it is instead.
"""

from collections.abc import Sequence
from typing import Any, overload

from shared_services.client.caller import Caller
from shared_services.client.paging import Stream
from shared_services.contracts.methods import (
    PRODUCT_FIND,
    PRODUCT_GET,
    PRODUCT_GET_MANY,
    FindProducts,
    GetProduct,
    PricedProduct,
    ProductPage,
)


class Products:
    """Reads golden products; see the module for ``timeout`` and the like."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def get(
        self,
        id: int | None = None,  # noqa: A002 the contract's name
        *,
        code: str | None = None,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> PricedProduct:
        """Return one product, by ``id`` or by ``code``.

        Raises RemoteError ``product.not_found``.
        """
        request = GetProduct(id=id, code=code)
        product: PricedProduct = self._caller.read(PRODUCT_GET, request, timeout, max_staleness)
        return product

    @overload
    def get_many(
        self,
        ids: Sequence[int],
        fields: None = None,
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[PricedProduct]: ...

    @overload
    def get_many(
        self,
        ids: Sequence[int],
        fields: Sequence[str],
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Any]: ...

    def get_many(
        self,
        ids: Sequence[int],
        fields: Sequence[str] | None = None,
        *,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> list[Any]:
        """Return the products of ``ids``, leaving out the unknown and the deleted.

        With ``fields``, records of these fields alone, the others being ``UNSET``.
        """
        return self._caller.read_many(PRODUCT_GET_MANY, ids, fields, timeout, max_staleness)

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
        max_staleness: float | None = None,
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
        page: ProductPage = self._caller.read(PRODUCT_FIND, request, timeout, max_staleness)
        return page

    def find_all(
        self,
        *,
        codes: Sequence[str] | None = None,
        name: str | None = None,
        category: str | None = None,
        active: bool | None = None,
        after: int = 0,
        limit: int = 500,
        timeout: float | None = None,
        max_staleness: float | None = None,
    ) -> Stream[PricedProduct]:
        """Iterate over every product with an id above ``after`` that matches, page by page.

        ``timeout`` bounds each page. The iterator's ``position`` is where to go on later.
        """
        return Stream(
            lambda behind: self.find(
                codes=codes,
                name=name,
                category=category,
                active=active,
                after=behind,
                limit=limit,
                timeout=timeout,
                max_staleness=max_staleness,
            ),
            after,
        )
