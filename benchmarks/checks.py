"""A digest of some fields, the same whoever read them.

Guarantee: it does not depend on the order of rows, nor on how a driver writes a number or a
moment: amounts count in hundredths, moments to the second. Standard library alone.
"""

import hashlib
from collections.abc import Iterable
from typing import Any
from zlib import crc32

_SECONDS = 19


class Check:
    """Sums up four fields of every row: a number, a text, an amount and a moment."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers = self._amounts = self._texts = 0

    def add(
        self,
        numbers: Iterable[Any],
        texts: Iterable[Any],
        amounts: Iterable[Any],
        moments: Iterable[Any],
    ) -> None:
        """Take in some rows, field by field."""
        for number, text, amount, moment in zip(numbers, texts, amounts, moments, strict=True):
            self.count += 1
            self._numbers += int(number)
            self._amounts += round(float(amount) * 100)
            said = str(moment)[:_SECONDS].replace("T", " ")
            self._texts += crc32(f"{text}|{said}".encode())

    @property
    def digest(self) -> str:
        """Return the digest of everything that was taken in."""
        told = f"{self.count} {self._numbers} {self._amounts} {self._texts}"
        return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
