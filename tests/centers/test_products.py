"""The product center answers products with their prices, from its own store."""

from decimal import Decimal

import pytest

from midspan.kernel.errors import RemoteError
from shared_services.contracts.methods import FindProducts, GetMany, GetProduct
from shared_services.product_center.service import get_product, get_products, list_products
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench


@pytest.fixture(scope="module")
def center(make_module_bench: MakeBench) -> Bench:
    """Give a center with two products, one of them with two prices, and a price of neither."""
    bench = make_module_bench()
    put = bench.erp.put
    put("products", 1, code="OIL", name="Kürbiskernöl", category="food", price="19.90")
    put("products", 2, code="TEX", name="Loden", category="cloth")
    put("prices", 1, code="OIL", currency="EUR", amount="19.90", day="2026-02-01")
    put("prices", 2, code="OIL", currency="EUR", amount="18.00", day="2026-01-01")
    put("prices", 3, code="OIL", currency="CHF", amount="21.00", day="2026-01-01")
    put("prices", 4, code="NONE", currency="EUR", amount="1", day="2026-01-01")
    bench.pass_time()
    bench.sync("erp.products")
    bench.sync("erp.prices")
    return bench


def test_a_product_comes_with_its_prices(center: Bench) -> None:
    """By id or by code, prices by currency and day; decimals are exact."""
    with center.look("product_center") as connection:
        by_id = get_product(connection, GetProduct(id=1))
        by_code = get_product(connection, GetProduct(code="OIL"))

    assert by_id == by_code
    assert by_id.list_price == Decimal("19.9")
    assert [(price.currency, price.amount) for price in by_id.prices] == [
        ("CHF", Decimal(21)),
        ("EUR", Decimal(18)),
        ("EUR", Decimal("19.9")),
    ]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (GetProduct(), "rpc.invalid_request"),
        (GetProduct(id=1, code="OIL"), "rpc.invalid_request"),
        (GetProduct(id=9), "product.not_found"),
        (GetProduct(code="oil"), "product.not_found"),
        (GetProduct(code=""), "product.not_found"),
    ],
)
def test_a_question_without_an_answer_is_told_by_code(
    center: Bench, request_: GetProduct, code: str
) -> None:
    """Exactly one of id and code is to be given, and must be known."""
    with center.look("product_center") as connection, pytest.raises(RemoteError) as refused:
        get_product(connection, request_)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        (FindProducts(), ["OIL", "TEX"]),
        (FindProducts(codes=["TEX", "NONE"]), ["TEX"]),
        (FindProducts(codes=[]), []),
        (FindProducts(category="food"), ["OIL"]),
        (FindProducts(active=False), []),
        (FindProducts(name="KÜRBIS"), ["OIL"]),
        (FindProducts(after=1), ["TEX"]),
    ],
)
def test_products_are_found_by_all_filters(
    center: Bench, question: FindProducts, codes: list[str]
) -> None:
    """Each filter narrows; none finds all, by ascending id."""
    with center.look("product_center") as connection:
        page = list_products(connection, question)

    assert [product.code for product in page.items] == codes


def test_many_products_come_in_the_order_asked_for(center: Bench) -> None:
    """Each with its own prices; unknown ones are left out."""
    with center.look("product_center") as connection:
        found = get_products(connection, GetMany(ids=[2, 9, 1]))

    assert [(product.code, len(product.prices)) for product in found.items] == [
        ("TEX", 0),
        ("OIL", 3),
    ]
