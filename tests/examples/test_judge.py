"""The judge finds every kind of difference, and names it without its value."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from examples.demo.actual import Center, Shop
from examples.demo.judge import judge
from examples.demo.truth import Truth

COUNTS = (
    *("read", "inserted", "updated", "unchanged", "filtered", "quarantined", "duplicate"),
    *("stale", "future", "listed", "present", "missing"),
)
ROWS = frozenset({"erp.customers:7", "crm.customers:000001"})
CUSTOMER = {"name": "Ann", "phone": "+431"}
PRODUCT = {"code": "P1", "list_price": Decimal("9.90")}
PRICE = {"product_code": "P1", "currency": "EUR", "valid_from": "2026-01-01", "amount": Decimal(9)}


def run(sync: str, **counts: Any) -> dict[str, Any]:
    """Return a ledger that balances unless ``counts`` say otherwise."""
    facts = {"id": "0123456789", "sync": sync, "kind": "sync", "status": "succeeded"}
    return {**facts, **dict.fromkeys(COUNTS, 0), "error_code": None, "events": 0, **counts}


def refusal(sync: str, key: str) -> dict[str, Any]:
    """Return a refused row."""
    return {"sync": sync, "source_key": key, "code": "mapping.required", "field": "name"}


@dataclass
class Scene:
    """A small demo in which all is well, for a test to spoil."""

    truth: Truth = field(
        default_factory=lambda: Truth(
            customers={ROWS: dict(CUSTOMER)},
            products={"P1": dict(PRODUCT)},
            prices={("P1", "EUR", "2026-01-01"): dict(PRICE)},
            refused={"crm.customers": {"000171"}},
            source_rows=2,
        )
    )
    users: Center = field(
        default_factory=lambda: Center(
            records={"customer": {42: {"id": 42, **CUSTOMER}}},
            sources={42: ROWS},
            redirects={43: 42},
            runs=[run("erp.customers", read=2, inserted=1, unchanged=1, events=3)],
            refused=[refusal("crm.customers", "000171")],
            waiting=0,
        )
    )
    products: Center = field(
        default_factory=lambda: Center(
            records={"product": {1: {"id": 1, **PRODUCT}}, "price": {5: {"id": 5, **PRICE}}},
            sources={},
            redirects={},
            runs=[],
            refused=[],
            waiting=0,
        )
    )
    shop: Shop = field(default_factory=lambda: Shop({}, {43: 42}, 3))

    def __post_init__(self) -> None:
        self.shop.records = deepcopy(self.users.records | self.products.records)

    def findings(self) -> list[str]:
        """Return what the judge says."""
        return judge(self.truth, self.users, self.products, self.shop)


def test_where_all_is_well_nothing_is_found() -> None:
    """No finding, exit 0."""
    assert Scene().findings() == []


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda s: s.users.runs[0].update(read=3), "its ledger does not balance"),
        (lambda s: s.users.runs[0].update(status="failed", error_code="x.y"), "failed with x.y"),
        (lambda s: s.users.records["customer"][42].update(phone="+432"), "not the source's phone"),
        (lambda s: s.users.sources.update({42: frozenset({"erp.customers:7"})}), "stands for exac"),
        (lambda s: s.truth.customers.update({frozenset({"erp.customers:8"}): {}}), "customers:8"),
        (lambda s: s.truth.ambiguous.append("a + b"), "two tax ids"),
        (lambda s: s.truth.products.clear(), "product 1: P1 is not in the source"),
        (lambda s: s.products.records["price"].clear(), "'2026-01-01') is missing"),
        (lambda s: s.users.refused.clear(), "row 000171 should have been refused"),
        (lambda s: s.truth.refused.clear(), "row 000171 was refused without need"),
        (lambda s: s.shop.records["product"].clear(), "shop: product 1 is missing"),
        (lambda s: s.shop.records["price"][5].update(amount=Decimal(8)), "differs in amount"),
        (lambda s: s.shop.records["customer"].update({9: {"id": 9}}), "customer 9 is gone"),
        (lambda s: s.shop.redirects.clear(), "does not know that customer 43 is now 42"),
        (lambda s: s.users.redirects.update({44: 1}), "redirects to 1, which is not there"),
        (lambda s: setattr(s.users, "waiting", 2), "2 events wait"),
        (lambda s: setattr(s.shop, "received", 2), "3 committed, the shop received 2"),
    ],
)
def test_each_difference_is_named(spoil: Callable[[Scene], object], finding: str) -> None:
    """A finding says what and where; values stay out of it."""
    scene = Scene()
    spoil(scene)

    findings = scene.findings()

    assert any(finding in line for line in findings), findings
    assert not any("+43" in line or "Ann" in line for line in findings)
