"""The demo company's nightly price list: a fixed-width file in a drop folder.

Guarantees: `write` makes the file whole or not at all (it is written under a name that begins
with a dot and renamed); the same date and changes give the same bytes on every machine.

The file is `prices_YYYYMMDD.txt`, encoded in cp1252, each record 80 characters and CR LF. Columns
count from 1, both ends included; texts are left-justified and padded with blanks, numbers
right-justified and padded with zeros. Characters that cp1252 lacks are written without accents.

    Header, the first record
     1- 1  H
     2- 9  date of the file, YYYYMMDD
    10-15  number of the file: days since 2020-01-01
    16-80  blank

    Detail, one for each product and currency, in the order of product code and currency
     1- 1  D
     2-13  product code
    14-16  currency, ISO 4217
    17-27  price of one unit in hundredths of the currency (two implied decimals)
    28-35  first day the price is valid, YYYYMMDD
    36-38  unit, UN/ECE Recommendation 20: H87 piece, KGM kilogram, MTR metre, LTR litre
    39-78  text
    79-80  blank

    Trailer, the last record
     1- 1  T
     2- 8  number of detail records
     9-23  sum of columns 17-27 over the detail records where they are all digits
    24-80  blank

Each active product has a price in EUR; every third one also in CHF, every fourth in GBP, every
fifth in USD. Two details must be refused wherever they are read, see `REFUSED`: one has letters in
its price, the other a currency that does not exist.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from examples.company.population import EXCHANGE_RATES, Product, ascii_name, products

PRICE_DATE = date(2025, 1, 1)
"""First day of every price that `changes` does not set."""

REFUSED = {
    ("OIL-0004", "ZZQ"): "the currency does not exist",
    ("TEX-0006", "USD"): "the price has letters in it",
}

Key = tuple[str, str]

_UNITS = {
    "Unit": ("H87", "Stück"),
    "Kilogram": ("KGM", "kg"),
    "Meter": ("MTR", "m"),
    "Liter": ("LTR", "l"),
}
_RATES = EXCHANGE_RATES | {"USD": Decimal("1.08")}
_EVERY = {"EUR": 1, "CHF": 3, "GBP": 4, "USD": 5}
_NO_CHANGES: Mapping[Key, Decimal] = {}


def write(folder: Path, *, when: date, changes: Mapping[Key, Decimal] = _NO_CHANGES) -> Path:
    """Drop the price list of `when` into `folder`, replacing one of the same date; return its path.

    `changes` sets the price of (product code, currency) pairs on the list, valid from `when`.
    A pair that is not on the list is a ValueError.
    """
    prices = _prices()
    if unknown := sorted(changes.keys() - prices.keys()):
        raise ValueError(f"not on the price list: {unknown}; it holds {sorted(prices)}")
    records = _records(when, prices | dict(changes), set(changes))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"prices_{when:%Y%m%d}.txt"
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes("".join(f"{record:<80}\r\n" for record in records).encode("cp1252"))
    return unfinished.replace(path)


def read(path: Path) -> list[dict[str, str]]:
    """Return the file's details by slicing alone: raw text, without the padding of texts."""
    lines = path.read_bytes().decode("cp1252").split("\r\n")
    return [
        {
            "code": line[1:13].rstrip(),
            "currency": line[13:16],
            "price": line[16:27],
            "valid_from": line[27:35],
            "unit": line[35:38],
            "text": line[38:78].rstrip(),
        }
        for line in lines
        if line.startswith("D")
    ]


def _prices() -> dict[Key, Decimal]:
    """Return the list's good prices."""
    active = [product for product in products() if product.active]
    return {
        (product.code, currency): (product.list_price * _RATES[currency]).quantize(Decimal("0.01"))
        for position, product in enumerate(active)
        for currency, every in _EVERY.items()
        if position % every == 0 and (product.code, currency) not in REFUSED
    }


def _records(when: date, prices: Mapping[Key, Decimal], changed: set[Key]) -> list[str]:
    fields = {key: f"{int(price * 100):011}" for key, price in prices.items()}
    fields |= {("OIL-0004", "ZZQ"): "00000001990", ("TEX-0006", "USD"): "000000O4l50"}
    catalogue = {product.code: product for product in products()}
    details = [
        _detail(catalogue[code], currency, price, when if (code, currency) in changed else None)
        for (code, currency), price in sorted(fields.items())
    ]
    checksum = sum(int(price) for price in fields.values() if price.isdecimal())
    number = (when - date(2020, 1, 1)).days
    return [f"H{when:%Y%m%d}{number:06}", *details, f"T{len(details):07}{checksum:015}"]


def _detail(product: Product, currency: str, price: str, valid_from: date | None) -> str:
    unit, word = _UNITS[product.unit]
    text = f"{product.name}, {'€' if currency == 'EUR' else currency}/{word}"
    day = f"{valid_from or PRICE_DATE:%Y%m%d}"
    return f"D{product.code:<12}{currency}{price}{day}{unit}{_cp1252(text):<40}"


def _cp1252(text: str) -> str:
    return "".join(letter if _in_cp1252(letter) else ascii_name(letter) for letter in text)


def _in_cp1252(letter: str) -> bool:
    return letter.encode("cp1252", "ignore") != b""
