"""Tax ids of ten countries, made up from a given generator.

Guarantee: every id carries its country's prefix and the check digits that country's tax office
computes, so that a system which validates tax ids accepts it. Whom one might belong to is chance.
"""

import random
from collections.abc import Iterable


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))


def _luhn(body: str) -> int:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in body[::-1][::2])
    return -(sum(doubled) + sum(int(digit) for digit in body[::-1][1::2])) % 10


def _weighted(body: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def austrian(rng: random.Random) -> str:
    """Return a Austrian UID: ATU, seven digits, check digit."""
    body = _digits(rng, 7)
    return f"ATU{body}{(6 + _luhn(f'{body}0')) % 10}"


def german(rng: random.Random) -> str:
    """Return a German USt-IdNr.: DE, eight digits, ISO 7064 mod 11,10."""
    body, product = _digits(rng, 8), 10
    for digit in body:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"DE{body}{(11 - product) % 10}"


def swiss(rng: random.Random) -> str:
    """Return a Swiss UID with its VAT suffix: CHE, eight digits, weighted mod 11."""
    while True:
        body = _digits(rng, 8)
        check = -_weighted(body, (5, 4, 3, 2, 7, 6, 5, 4)) % 11
        if check < 10:
            return f"CHE{body}{check}MWST"


def french(rng: random.Random) -> str:
    """Return a French VAT number: FR, two-digit key, SIREN."""
    body = _digits(rng, 8)
    siren = f"{body}{_luhn(body)}"
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


def spanish(rng: random.Random) -> str:
    """Return a Spanish NIF of a limited company: ES, B, seven digits, Luhn digit."""
    body = _digits(rng, 7)
    return f"ESB{body}{_luhn(body)}"


def polish(rng: random.Random) -> str:
    """Return a Polish NIP: PL, nine digits, weighted mod 11."""
    while True:
        body = _digits(rng, 9)
        check = _weighted(body, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
        if check < 10:
            return f"PL{body}{check}"


def czech(rng: random.Random) -> str:
    """Return a Czech DIČ of a company: CZ, seven digits, weighted mod 11."""
    body = str(rng.randrange(1_000_000, 9_000_000))
    check = (11 - _weighted(body, range(8, 1, -1))) % 11
    return f"CZ{body}{(check or 1) % 10}"


def british(rng: random.Random) -> str:
    """Return a British VAT number: GB, seven digits, two check digits mod 97."""
    body = _digits(rng, 7)
    return f"GB{body}{97 - _weighted(body, range(8, 1, -1)) % 97:02}"


def swedish(rng: random.Random) -> str:
    """Return a Swedish VAT number: SE, organisation number with Luhn digit, 01."""
    body = f"556{_digits(rng, 6)}"
    return f"SE{body}{_luhn(body)}01"


def italian(rng: random.Random) -> str:
    """Return a Italian partita IVA: IT, seven digits, office, Luhn digit."""
    body = f"{_digits(rng, 7)}{rng.randrange(1, 101):03}"
    return f"IT{body}{_luhn(body)}"
