"""What the demo's systems and its mappings rely on about the population."""

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from examples.company.population import CUSTOMER_COUNT, customers, products, sales

ROOT = Path(__file__).resolve().parents[2]
_DIGEST = (
    "import hashlib; from examples.company.population import *;"
    "print(hashlib.sha256(repr((customers(), products(), sales())).encode()).hexdigest())"
)


def test_another_process_draws_the_same_population() -> None:
    """Neither hash seed nor environment reaches the population: two processes agree to the byte."""
    digests = {
        subprocess.run(
            [sys.executable, "-S", "-c", _DIGEST],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_the_sizes_are_as_announced() -> None:
    """320 customers, 60 products and 120 sales stand behind every number the demo prints."""
    assert (len(customers()), len(products()), len(sales())) == (320, 60, 120)


def test_match_keys_are_unique() -> None:
    """Numbers, e-mail addresses and tax ids name one customer each."""
    everyone = customers()

    for values in (
        [one.number for one in everyone],
        [one.email for one in everyone if one.email],
        [one.tax_id for one in everyone if one.tax_id],
    ):
        assert len(values) == len(set(values))


def test_a_shared_telephone_never_comes_with_a_shared_name() -> None:
    """Households share a telephone, strangers share a name, nobody shares both."""
    reachable = [one for one in customers() if one.phone]
    phones = Counter(one.phone for one in reachable)
    names = Counter(one.name for one in reachable)

    assert max(phones.values()) > 1
    assert max(names.values()) > 1
    assert len({(one.phone, one.name) for one in reachable}) == len(reachable)


def test_tax_ids_carry_correct_check_digits() -> None:
    """The Austrian and German check digits agree with the rules their tax offices publish."""
    ids = [one.tax_id for one in customers() if one.tax_id]
    austrian = [tax_id[3:] for tax_id in ids if tax_id.startswith("ATU")]
    german = [tax_id[2:] for tax_id in ids if tax_id.startswith("DE")]

    assert austrian
    assert german
    assert all(_austrian_check(digits) == int(digits[-1]) for digits in austrian)
    assert all(_german_remainder(digits) == 1 for digits in german)


def test_sales_name_only_what_can_be_sold() -> None:
    """A sale's customer and products are active, its quantities and prices positive."""
    buyers = {one.number for one in customers() if one.active}
    goods = {product.code for product in products() if product.active}

    for sale in sales():
        assert sale.customer_number in buyers
        assert sale.currency in {"EUR", "CHF", "GBP"}
        assert all(
            line.product_code in goods and line.quantity > 0 and line.unit_price > 0
            for line in sale.lines
        )
    assert all(one.date <= other.date for one, other in pairwise(sales()))


def test_some_values_are_missing_and_some_records_inactive() -> None:
    """A mapping that takes an optional value for granted fails on this population."""
    everyone = customers()

    for trait in ("email", "phone", "tax_id", "first_name"):
        assert 0 < sum(getattr(one, trait) is None for one in everyone) < CUSTOMER_COUNT
    assert any(not one.active for one in everyone)
    assert any(not product.active for product in products())


def _austrian_check(digits: str) -> int:
    """Return 10 - (sum of the digits, every second one doubled and cross-added, + 4) mod 10."""
    total = sum(
        int(digit) if at % 2 == 0 else sum(divmod(int(digit) * 2, 10))
        for at, digit in enumerate(digits[:7])
    )
    return -(total + 4) % 10


def _german_remainder(digits: str) -> int:
    """Return what ISO 7064 mod 11,10 leaves over all nine digits: 1 for a correct number."""
    product = 10
    for digit in digits[:8]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (product + int(digits[8])) % 10
