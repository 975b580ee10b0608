"""Stand-ins for personal values: of the same shape, and never the same letters.

Guarantee: each letter and digit that is masked becomes another one of its class, so that no
word of the value survives; the same value has the same stand-ins wherever it stands, as long as
the installation keeps its key, and without the key nobody can try values until one fits.

- An e-mail address stays one, under a domain that nobody can own (``.example``).
- A number written as text (telephone, tax id, postal code) keeps its punctuation and the letters
  that belong to its form; a long one keeps its first third, or a few digits at its end.
- Any other text keeps its length, case, spaces and punctuation.
- Dates and times move by days, numbers keep their count of digits.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

ATTEMPTS = 1500
"""A tax id with two check digits is met by one stand-in of 97."""

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_ALPHABETS = (
    _LOWER,
    _LOWER.upper(),
    "0123456789",
    "äöüéèçñàô",
    "ÄÖÜÉÈÇÑÀÔ",
    "山川田中村木林森",
)
_FORM_WORDS = re.compile(
    r"^\W*[A-Z]{1,3}(?=\W*\d)|(?<=\d)[A-Z]{1,2}\b|(?<![A-Za-z])(?:MWST|TVA|IVA|TPV)\b"
)
_LATE = ATTEMPTS // 2
_LONG_NUMBER = 6
_MOST_DAYS = 300
_BLANK_BYTES = frozenset(b"\x00\x20\x40")


class Masker:
    """Makes stand-ins with an installation's own ``key``."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def stand_ins(self, value: Any) -> Iterator[Any]:
        """Yield stand-ins of a value, never the value itself; none for what tells nothing."""
        if value is None or isinstance(value, bool) or value in ("", b""):
            return
        for attempt in range(ATTEMPTS):
            found = _masked(value, _Choices(self._key, value, attempt))
            if found != value:
                yield found


class _Choices:
    """An endless row of choices that follow from a key, a value and the number of an attempt."""

    def __init__(self, key: bytes, value: Any, attempt: int) -> None:
        self.tail = 0 if attempt < _LATE else 2 + 2 * (attempt % 2)
        seed = f"{type(value).__name__}:{value}:{attempt}".encode("utf-8", "surrogatepass")
        # The key stands in front, and SHAKE has no length extension.
        self._bytes = iter(hashlib.shake_256(len(key).to_bytes(2) + key + seed).digest(4096))

    def number(self, below: int) -> int:
        """Return a number from 0 on; the same one again once a long text has used them up."""
        return next(self._bytes, 7) % below

    def other(self, sign: str) -> str:
        """Return another character of the same class; what is neither letter nor digit stays."""
        for alphabet in _ALPHABETS:
            at = alphabet.find(sign)
            if at >= 0:
                return alphabet[(at + 1 + self.number(len(alphabet) - 1)) % len(alphabet)]
        if sign.isdigit():
            return str(self.number(10))
        if not sign.isalpha():
            return sign
        alphabet = _ALPHABETS[3 if sign.islower() else 4 if sign.isupper() else 5]
        return alphabet[self.number(len(alphabet))]


def _masked(value: Any, choices: _Choices) -> Any:
    if isinstance(value, str):
        return _text(value, choices)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(_byte(one, choices) for one in bytes(value))
    if isinstance(value, date):
        return _moved(value, timedelta(days=1 + choices.number(_MOST_DAYS)))
    if isinstance(value, int | Decimal | float):
        return type(value)(_digits(f"{Decimal(str(value)):f}", choices, keep=0))
    return _text(str(value), choices)


def _text(text: str, choices: _Choices) -> str:
    local, at, domain = text.rpartition("@")
    if at:
        return f"{_letters(local, choices)}@{_domain(domain, choices)}"
    digits = sum(one.isdigit() for one in text)
    if digits <= sum(one.isalpha() for one in text):
        return _letters(text, choices)
    return _digits(text, choices, keep=digits // 3 if digits >= _LONG_NUMBER else 0)


def _letters(text: str, choices: _Choices) -> str:
    return "".join(map(choices.other, text))


def _domain(domain: str, choices: _Choices) -> str:
    name, dot, top = domain.rpartition(".")
    return f"{_letters(name, choices)}.example" if dot and top else _letters(domain, choices)


def _digits(text: str, choices: _Choices, keep: int) -> str:
    """Return a number's stand-in: the first ``keep`` digits and the letters of its form stay."""
    form = {at for match in _FORM_WORDS.finditer(text) for at in range(*match.span())}
    digits = sum(one.isdigit() for one in text)
    last = digits
    if keep and choices.tail:
        # Some tax ids end in digits that few numbers share: a region, a kind of owner.
        keep, last = 0, digits - choices.tail
    made, seen = [], 0
    for at, sign in enumerate(text):
        seen += sign.isdigit()
        stays = at in form or (sign.isdigit() and not keep < seen <= last) or sign == "."
        made.append(sign if stays else choices.other(sign))
    return "".join(made)


def _byte(one: int, choices: _Choices) -> int:
    if one in _BLANK_BYTES:
        return one
    return (one & 0xF0) | ((one + 1 + choices.number(15)) & 0x0F)


def _moved(value: date, by: timedelta) -> date:
    try:
        moved = value - by
        return moved - timedelta(minutes=by.days) if isinstance(moved, datetime) else moved
    except OverflowError:
        return value + by
