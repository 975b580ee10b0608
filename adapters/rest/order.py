"""The order of a page's records by the field that a keyset goes on by.

Guarantee: numbers and stamps that descend are noticed. Texts are ordered by the server's
collation, which is not ours: they are taken as they come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import le
from typing import Any, overload

from midspan.kernel.cursor import CursorCodec


@dataclass(frozen=True, slots=True)
class Mark:
    """A record's place in the order of a keyset: comparable, and as the filter wants it."""

    order: Any
    form: Any


class Order(Sequence[Mark]):
    """The marks of a page's records, in their order; each is made when it is asked for.

    ``codec`` is that of the cursor, where the field is the cursor's.
    """

    def __init__(self, values: Sequence[Any], codec: CursorCodec | None) -> None:
        self._values = values
        self._codec = codec

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, at: int) -> Mark: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Mark]: ...
    def __getitem__(self, at: int | slice) -> Mark | Sequence[Mark]:
        if isinstance(at, slice):
            return [self._mark(value) for value in self._values[at]]
        return self._mark(self._values[at])

    @property
    def ascends(self) -> bool:
        """Whether no record stands before one that it belongs behind."""
        if self._codec is None:
            if type(self._values[0]) is int and _rising(self._values):
                return True
            numbers = [one for one in self._values if isinstance(one, int | Decimal)]
            return _rising(numbers)
        if self._codec.kind == "string":
            return True
        # Texts that rise as they stand are stamps that rise, and cost no reading of each.
        plain = self._codec.format is None and isinstance(self._values[0], str)
        return (plain and _rising(self._values)) or _rising(
            [self._codec.parse(value) for value in self._values]
        )

    def _mark(self, value: Any) -> Mark:
        if self._codec is None:
            return Mark(value, str(value) if isinstance(value, Decimal) else value)
        text = self._codec.parse(value)
        return Mark(text, self._codec.render(text))


def stamped(values: Sequence[Any], codec: CursorCodec | None) -> Sequence[Any]:
    """Return the values without what stands for no stamp before the first and behind the last."""
    if codec is None:
        return values
    begin, end = 0, len(values)
    while begin < end and codec.read(values[begin]) is None:
        begin += 1
    while begin < end and codec.read(values[end - 1]) is None:
        end -= 1
    return values[begin:end]


def _rising(values: Sequence[Any]) -> bool:
    try:
        return all(map(le, values, values[1:]))
    except TypeError:
        return False
