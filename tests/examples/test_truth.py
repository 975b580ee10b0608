"""The demo's own computation of what must come out, on small data made by hand."""

from pathlib import Path
from typing import Any

import pytest

from examples.demo.truth import (
    CRM,
    CUSTOMER_FIELDS,
    ERP,
    SourceRow,
    golden,
    group,
    read_ranks,
    torn,
)

RANKS = {ERP: {"": 1}, CRM: {"": 2, "phone": 0}}


def row(sync: str, key: str, changed: str = "", **values: Any) -> SourceRow:
    """Return a row in which everything not named is missing."""
    return SourceRow(sync, key, changed, dict.fromkeys(CUSTOMER_FIELDS) | values)


def names(groups: list[list[SourceRow]]) -> set[frozenset[str]]:
    """Return the groups by their rows' keys."""
    return {frozenset(row.key for row in rows) for rows in groups}


def test_rows_connected_by_a_chain_of_keys_are_one() -> None:
    """One shares its e-mail with the second, the second its tax id with the third."""
    one = row(ERP, "1", email="a@x.example")
    other = row(CRM, "2", email="a@x.example", tax_id="ATU1")
    third = row(CRM, "3", tax_id="ATU1")

    assert names(group([one, third, other])) == {frozenset({"1", "2", "3"})}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"phone": "+43", "name": "Zoë Å"}, {"phone": "+43", "name": "ZOE A"}, True),
        ({"phone": "+43", "name": "Zoë"}, {"phone": "+43", "name": "Max"}, False),
        ({"name": "Zoë"}, {"name": "Zoë"}, False),
        ({"email": "straße@x.example"}, {"email": "strasse@x.example"}, True),
    ],
)
def test_what_makes_two_rows_the_same(
    one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    """A telephone counts only with the name, both without case and accents."""
    groups = group([row(ERP, "1", **one), row(CRM, "2", **other)])

    assert (len(groups) == 1) is same


def test_rows_with_two_tax_ids_are_reported_as_torn() -> None:
    """Where rows that share a key disagree about the tax id, grouping alone is no truth."""
    assert torn([row(ERP, "1", tax_id="ATU1"), row(CRM, "2", tax_id="ATU2")])
    assert not torn([row(ERP, "1", tax_id="ATU1"), row(CRM, "2")])


def test_the_best_ranked_row_with_a_value_wins() -> None:
    """The ERP's word counts first, except for the telephone, and where it says nothing."""
    erp = row(ERP, "1", name="Ann", phone="+431", city=None)
    crm = row(CRM, "2", name="ANN", phone="+432", city="Wien")

    values = golden([crm, erp], RANKS)

    assert (values["name"], values["phone"], values["city"]) == ("Ann", "+432", "Wien")


def test_among_equals_the_latest_wins() -> None:
    """Two rows of one system: the one changed last is believed."""
    old, new = row(CRM, "1", "2025-01-01", city="Graz"), row(CRM, "2", "2025-02-01", city="Linz")

    assert golden([old, new], RANKS)["city"] == "Linz"


def test_ranks_are_those_of_the_configuration(tmp_path: Path) -> None:
    """Whoever changes who is believed changes it in one place."""
    (tmp_path / "a.yaml").write_text(
        "system: crm\nstream: customers\nsurvivorship: {priority: 2, fields: {phone: 0}}\n"
    )
    (tmp_path / "b.yaml").write_text("system: erp\nstream: products\n")

    assert read_ranks(tmp_path) == {
        "crm.customers": {"": 2, "phone": 0},
        "erp.products": {"": 100},
    }
