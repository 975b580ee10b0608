"""What a reader of the nightly price list may rely on."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from examples.company import pricelist
from examples.company.population import products

NIGHT = date(2025, 9, 30)


def test_every_record_has_eighty_characters_and_crlf(tmp_path: Path) -> None:
    """The file is fixed width to the byte: 80 bytes of cp1252 and CR LF, first H, last T."""
    content = pricelist.write(tmp_path, when=NIGHT).read_bytes()

    records = content.split(b"\r\n")
    assert records.pop() == b""
    assert {len(record) for record in records} == {80}
    assert [record[:1] for record in records] == [b"H"] + [b"D"] * (len(records) - 2) + [b"T"]
    assert b"\x80/St\xfcck" in content


def test_header_and_trailer_describe_the_file(tmp_path: Path) -> None:
    """The header dates and numbers the file; the trailer counts and sums its details."""
    path = pricelist.write(tmp_path, when=NIGHT)
    head, *_, tail = path.read_text("cp1252").splitlines()
    details = pricelist.read(path)

    assert path.name == "prices_20250930.txt"
    assert head.rstrip() == "H20250930002099"
    assert int(tail[1:8]) == len(details)
    assert int(tail[8:23]) == sum(int(one["price"]) for one in details if one["price"].isdecimal())


def test_every_active_product_has_a_price_in_euro(tmp_path: Path) -> None:
    """No active product is missing, no inactive one is there, other currencies are in the list."""
    details = pricelist.read(pricelist.write(tmp_path, when=NIGHT))

    in_euro = {one["code"]: int(one["price"]) for one in details if one["currency"] == "EUR"}
    assert in_euro == {
        product.code: int(product.list_price * 100) for product in products() if product.active
    }
    assert {one["currency"] for one in details} == {"EUR", "CHF", "GBP", "USD", "ZZQ"}


def test_exactly_the_documented_details_are_wrong(tmp_path: Path) -> None:
    """Two details must be refused, and they are the two that `REFUSED` names."""
    wrong = {
        (one["code"], one["currency"])
        for one in pricelist.read(pricelist.write(tmp_path, when=NIGHT))
        if not one["price"].isdecimal() or one["currency"] == "ZZQ"
    }

    assert wrong == set(pricelist.REFUSED)


def test_a_change_sets_price_and_first_day_of_one_detail(tmp_path: Path) -> None:
    """A changed price is valid from the file's date; every other detail stays as it was."""
    before = pricelist.read(pricelist.write(tmp_path / "a", when=NIGHT))
    changes = {("KIT-0001", "EUR"): Decimal("12.30")}
    after = pricelist.read(pricelist.write(tmp_path / "b", when=NIGHT, changes=changes))

    (changed,) = [new for old, new in zip(before, after, strict=True) if old != new]
    assert (changed["code"], changed["price"]) == ("KIT-0001", "00000001230")
    assert changed["valid_from"] == "20250930"


def test_a_change_to_what_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    """A misspelt product writes no file and is named in the error."""
    with pytest.raises(ValueError, match="KIT-9999"):
        pricelist.write(tmp_path, when=NIGHT, changes={("KIT-9999", "EUR"): Decimal(1)})

    assert list(tmp_path.iterdir()) == []


def test_writing_leaves_the_finished_file_alone(tmp_path: Path) -> None:
    """A second write of a night replaces the file and leaves no unfinished one behind."""
    first = pricelist.write(tmp_path, when=NIGHT).read_bytes()

    assert pricelist.write(tmp_path, when=NIGHT).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["prices_20250930.txt"]
