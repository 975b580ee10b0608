"""The demo company's mappings accept what is good, refuse what is not, and match customers."""

from datetime import date
from pathlib import Path

import pytest

import mappings
from examples.company import pricelist
from examples.company.crm.people import crm_customers
from examples.company.population import customers
from mappings import CompiledMapping, run_examples
from shared_services.contracts.entities import entity_types
from tests.mappings.helpers import compiled, translate

FOLDER = Path(mappings.__file__).parent
ENTITIES = {
    "crm_customers": "customer",
    "erp_customers": "customer",
    "erp_products": "product",
    "pricelist_prices": "price",
}


def demo(name: str) -> CompiledMapping:
    return compiled(FOLDER / f"{name}.yaml", entity_types()[ENTITIES[name]])


@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.yaml")))
def test_the_examples_in_the_file_come_true(name: str) -> None:
    """Each mapping proves itself on the examples it carries, a refused one among them."""
    mapping = demo(name)

    assert [str(problem) for problem in run_examples(mapping)] == []
    assert any(example.refused for example in mapping.mapping.examples)


def test_an_example_that_does_not_come_true_is_told(tmp_path: Path) -> None:
    """A failed example names its place, and what became of the row instead."""
    file = tmp_path / "m.yaml"
    file.write_text(
        "mapping: m\nentity: price/1\nfields: {product_code: a, currency: {const: EUR},\n"
        "  amount: {const: 1}, valid_from: {const: 2025-01-01}}\nexamples:\n"
        "  - {in: {a: x}, out: {product_code: y}}\n  - {in: {a: x}, refused: mapping.required}\n"
        "  - {in: {}, out: {}}\n  - {in: {a: x}, filtered: none}\n"
    )

    failures = run_examples(compiled(file, entity_types()["price"]))

    assert [failure.line for failure in failures] == [6, 7, 8, 9]
    assert "product_code is 'x', not 'y'" in failures[0].message
    assert "it was translated" in failures[1].message
    assert "mapping.required" in failures[2].message


def test_the_crm_rows_that_must_be_refused_are_and_no_other() -> None:
    """Six rows of the CRM are refused, each for the reason its maker wrote down."""
    rows = crm_customers()

    done = translate(demo("crm_customers"), *(one.row for one in rows))

    refused = {rows[one.index].refused: one.code for one in done.refusals}
    assert refused == {
        "the e-mail address is none": "mapping.email.invalid",
        "the country code does not exist": "mapping.country.unknown",
        "the name is missing": "mapping.required",
        "the change date is no date": "mapping.datetime.invalid",
        "the telephone number is none": "mapping.phone.invalid",
        "the language code does not exist": "mapping.language.unknown",
    }
    assert len(done.rows) == len(rows) - len(refused)


def test_one_customer_in_two_systems_has_one_email_or_tax_id() -> None:
    """Spelling differs, canonical values do not: golden records can match on them."""
    known = {customer.number: customer for customer in customers()}
    rows = crm_customers()
    mapping = demo("crm_customers")
    names = mapping.entity.field_names
    done = translate(mapping, *(one.row for one in rows))

    for index, values in zip(done.indexes, done.rows, strict=True):
        same = known.get(rows[index].same_as or "")
        made = dict(zip(names, values, strict=True))
        if same is not None and made["email"] is not None:
            assert made["email"] == same.email
        elif same is not None:
            assert made["tax_id"] == same.tax_id


def test_every_customer_of_the_erp_is_accepted_as_it_is() -> None:
    """The ERP's parties, read as its API gives them, keep every value."""
    population = customers()
    records = [
        {
            "name": one.name,
            "active": int(one.active),
            "lang": {"id": 1, "code": one.language},
            "contact_mechanisms": [
                {"type": kind, "value": value}
                for kind, value in (("mobile", one.phone), ("email", one.email))
                if value
            ],
            "addresses": [
                {
                    "street": one.street,
                    "postal_code": one.postal_code,
                    "city": one.city,
                    "country": {"id": 1, "code": one.country},
                }
            ],
            "identifiers": [_identifier(one.tax_id)] if one.tax_id else [],
        }
        for one in population
    ]

    mapping = demo("erp_customers")
    done = translate(mapping, *records)

    assert done.refusals == []
    shared = ("name", "email", "phone", "tax_id", "street", "postal_code", "city", "country")
    for one, values in zip(population, done.rows, strict=True):
        made = dict(zip(mapping.entity.field_names, values, strict=True))
        assert {name: made[name] for name in shared} == {
            name: getattr(one, name) for name in shared
        }


def test_the_price_list_is_accepted_but_for_its_two_bad_lines(tmp_path: Path) -> None:
    """Amounts are exact, and the two lines that must be refused are."""
    lines = pricelist.read(pricelist.write(tmp_path, when=date(2025, 3, 1)))
    records = [line | {"product": line["code"]} for line in lines]

    done = translate(demo("pricelist_prices"), *records)

    refused = {(lines[one.index]["code"], lines[one.index]["currency"]) for one in done.refusals}
    assert refused == pricelist.REFUSED.keys()
    for index, row in zip(done.indexes, done.rows, strict=True):
        assert int(row[2] * 100) == int(lines[index]["price"])


def _identifier(tax_id: str) -> dict[str, str]:
    """Return a tax id as Tryton gives it."""
    if tax_id.startswith("GB"):
        return {"type": "gb_vat", "code": tax_id[2:]}
    return {"type": "ch_vat" if tax_id.startswith("CH") else "eu_vat", "code": tax_id}
