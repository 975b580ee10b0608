"""Decides whether the demo succeeded: every number and every value, or a list of what differs.

Guarantee: a finding names sync, record and field, and never a value. No finding means: every
ledger balances, the centers hold exactly what the sources' own files say, refused is what had
to be refused, the shop holds what the centers hold, and every committed event arrived once.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from examples.demo.actual import ById, Center, Shop, by_key
from examples.demo.truth import Truth, Values

_READ: Final = (
    *("inserted", "updated", "unchanged"),
    *("filtered", "quarantined", "duplicate", "stale"),
)
_PRICE_KEY: Final = ("product_code", "currency", "valid_from")
_FIRST: Final = 20


def judge(truth: Truth, users: Center, products: Center, shop: Shop) -> list[str]:
    """Return the findings, the most telling first."""
    return [
        *_ledgers([*users.runs, *products.runs]),
        *(f"truth: {rows} share a key and have two tax ids" for rows in truth.ambiguous),
        *_customers(truth, users),
        *_records("product", truth.products, products.records["product"], ["code"]),
        *_records("price", truth.prices, products.records["price"], _PRICE_KEY),
        *_refusals(truth, [*users.refused, *products.refused]),
        *_same_in_shop(users.records | products.records, shop),
        *_redirects(users, shop),
        *_events(users, products, shop),
    ]


def shortened(findings: Sequence[str]) -> list[str]:
    """Return the first findings, and how many more there are."""
    more = len(findings) - _FIRST
    return [*findings[:_FIRST], *([f"… and {more} more"] if more > 0 else [])]


def balances(run: Mapping[str, Any]) -> bool:
    """Tell whether every row that a run read or compared is accounted for."""
    return bool(
        run["read"] == sum(run[name] for name in _READ)
        and run["future"] <= run["read"]
        and run["listed"] == run["present"] + run["missing"]
    )


def _ledgers(runs: Sequence[Values]) -> Iterator[str]:
    for run in runs:
        name = f"{run['sync']}: {run['kind']} run {run['id'][:8]}"
        if run["status"] in ("failed", "died"):
            yield f"{name} {run['status']} with {run['error_code']}"
        elif run["status"] == "succeeded" and not balances(run):
            yield f"{name}: its ledger does not balance"


def _customers(truth: Truth, users: Center) -> Iterator[str]:
    golden = users.records["customer"]
    known = {users.sources.get(id_, frozenset()): id_ for id_ in golden}
    for rows in truth.customers.keys() - known.keys():
        yield f"customer: no golden record stands for exactly {' + '.join(sorted(rows))}"
    for rows in known.keys() - truth.customers.keys():
        yield f"customer {known[rows]}: {' + '.join(sorted(rows)) or 'no row'} should not be one"
    for rows, values in truth.customers.items():
        if rows in known:
            yield from _differences(f"customer {known[rows]}", values, golden[known[rows]])
    if len(golden) != len(truth.customers):
        yield f"customer: {len(golden)} golden records, {len(truth.customers)} by the sources"


def _records(
    entity: str, expected: Mapping[Any, Values], found: ById, key: Sequence[str]
) -> Iterator[str]:
    known = by_key(found, key)
    if len(found) != len(expected):
        yield f"{entity}: {len(found)} golden records, {len(expected)} by the source"
    for missing in expected.keys() - known.keys():
        yield f"{entity}: {missing} is missing"
    for surplus in known.keys() - expected.keys():
        yield f"{entity} {known[surplus]}: {surplus} is not in the source"
    for one, values in expected.items():
        if one in known:
            yield from _differences(f"{entity} {known[one]} ({one})", values, found[known[one]])


def _differences(name: str, expected: Values, found: Values) -> Iterator[str]:
    wrong = [field for field, value in expected.items() if found[field] != value]
    if wrong:
        yield f"{name}: not the source's {', '.join(wrong)}"


def _refusals(truth: Truth, refused: Sequence[Values]) -> Iterator[str]:
    found: dict[str, set[str]] = {}
    for row in refused:
        found.setdefault(row["sync"], set()).add(row["source_key"])
    for sync in sorted(found.keys() | truth.refused.keys()):
        is_, should = found.get(sync, set()), truth.refused.get(sync, set())
        for key in sorted(should - is_):
            yield f"{sync}: row {key} should have been refused"
        for key in sorted(is_ - should, key=str):
            yield f"{sync}: row {key} was refused without need"


def _same_in_shop(centers: Mapping[str, ById], shop: Shop) -> Iterator[str]:
    for entity, golden in centers.items():
        copy = shop.records[entity]
        for id_ in sorted(golden.keys() - copy.keys()):
            yield f"shop: {entity} {id_} is missing"
        for id_ in sorted(copy.keys() - golden.keys()):
            yield f"shop: {entity} {id_} is gone from the center"
        for id_ in sorted(golden.keys() & copy.keys()):
            row = golden[id_]
            wrong = [name for name, value in copy[id_].items() if value != row[name]]
            if wrong:
                yield f"shop: {entity} {id_} differs in {', '.join(wrong)}"


def _redirects(users: Center, shop: Shop) -> Iterator[str]:
    for old, new in users.redirects.items():
        if new not in users.records["customer"]:
            yield f"customer {old}: redirects to {new}, which is not there"
        if shop.redirects.get(old) != new:
            yield f"shop: does not know that customer {old} is now {new}"


def _events(users: Center, products: Center, shop: Shop) -> Iterator[str]:
    committed, waiting = users.committed + products.committed, users.waiting + products.waiting
    if waiting:
        yield f"outbox: {waiting} events wait to be published"
    if committed != shop.received:
        yield f"events: {committed} committed, the shop received {shop.received} distinct ones"
