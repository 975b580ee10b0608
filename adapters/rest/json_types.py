"""Compiled types that decode a JSON page straight into tuples of the members that are asked for.

Guarantee: the values are those of a plain decoding: a number with a fraction is a Decimal, an
integer of any size is exact, a member that is missing is None.

The collector of cycles passes the records over, for JSON knows none.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import astuple

from adapters.rest.json_numbers import UNREADABLE_NUMBER, number
from adapters.rest.json_pieces import SPACE, Pieces
from midspan.kernel.stream import Row

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UNREADABLE_NUMBER)

VALUE = msgspec.json.Decoder(float_hook=number)
OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
LIST = msgspec.json.Decoder(list[msgspec.Raw])

Read = tuple[list[Row], Mapping[str, bytes]]
"""The rows of a reply, and the members of its head that are there, undecoded."""

_UNFIT = frozenset({'"', "\\"})
_HERE = b'"the list that is sought"'


class _Lists:
    """Decodes lists of records; in pieces, until a list shows that its records begin unlike."""

    def __init__(self, record: type[msgspec.Struct]) -> None:
        self._decoder = msgspec.json.Decoder(list[record], float_hook=number)  # type: ignore[valid-type]  # made at run time
        self._cuts = True

    def rows(self, text: bytes) -> list[Row]:
        """Return the rows of a list."""
        return list(map(astuple, self._decoder.decode(text)))

    def read(
        self, pieces: Pieces, rest: Callable[[bytes], Read], whole: Callable[[], Read]
    ) -> Read:
        """Return what is read in pieces, the last one by ``rest``; where that fails, ``whole``."""
        if not self._cuts or not pieces.several:
            return whole()
        rows: list[Row] = []
        try:
            for piece in pieces:
                rows += map(astuple, self._decoder.decode(piece))
            last, head = rest(pieces.tail())
            rows += last
        except UNREADABLE:
            found = whole()
            self._cuts = False
            return found
        return rows, head


class RowReader:
    """Decodes objects into rows of some members."""

    def __init__(self, names: tuple[str, ...]) -> None:
        record = _record(names)
        self._names = names
        self._lists = _Lists(record)
        self._dict = msgspec.json.Decoder(dict[str, record], float_hook=number)  # type: ignore[valid-type]  # made at run time
        self._one = msgspec.json.Decoder(record, float_hook=number)

    def listed(self, raw: bytes) -> list[Row]:
        """Return the rows of a list of objects."""
        text = bytes(raw)
        found = self._lists.read(Pieces(text, 0), self._rest, lambda: self._rest(text))
        return found[0]

    def single(self, raw: bytes) -> list[Row]:
        """Return the row of one object."""
        return [astuple(self._one.decode(raw))]

    def named(self, raw: bytes, name: str) -> list[Row]:
        """Return the rows of an object's members; what they are called becomes ``name``."""
        found = self._dict.decode(raw)
        rows = map(astuple, found.values())
        if name not in self._names:
            return list(rows)
        at = self._names.index(name)
        return [(*row[:at], key, *row[at + 1 :]) for key, row in zip(found, rows, strict=True)]

    def _rest(self, text: bytes) -> Read:
        return self._lists.rows(text), {}


class PageReader:
    """Decodes a whole reply: the rows of a list at ``steps``, and some members beside it."""

    def __init__(
        self, steps: tuple[str, ...], names: tuple[str, ...], head: frozenset[str]
    ) -> None:
        record = _record(names)
        self._head = {f"h{at}": name for at, name in enumerate(sorted(head - {steps[0]}))}
        self._depth = len(steps)
        self._name = f'"{steps[-1]}"'.encode()
        self._begin = re.compile(re.escape(self._name) + SPACE + b":" + SPACE)
        self._lists = _Lists(record)
        self._page = msgspec.json.Decoder(
            _page(steps, list[record], self._head),  # type: ignore[valid-type]  # made at run time
            float_hook=number,
        )
        self._sought = msgspec.json.Decoder(_page(steps, msgspec.Raw, {}))

    def read(self, body: bytes) -> Read:
        """Return the rows, and the members of the head that are there, undecoded.

        Raises as msgspec does for a reply that is built otherwise.
        """
        start = self._start(body)
        if start is None:
            return self._whole(body)
        before = body[:start]
        return self._lists.read(
            Pieces(body, start), lambda rest: self._rest(before, rest), lambda: self._whole(body)
        )

    def _start(self, body: bytes) -> int | None:
        """Return where the list begins; None where that is not told without reading it all."""
        named = self._begin.search(body)
        if named is None:
            return None
        try:
            page = self._sought.decode(body[: named.end()] + _HERE + b"}" * self._depth)
        except UNREADABLE:
            return None
        return named.end() if bytes(self._inside(page)) == _HERE else None

    def _rest(self, before: bytes, rest: bytes) -> Read:
        # Of two members of one name the later one counts: then the first pieces would be wrong.
        if self._name in rest:
            raise msgspec.DecodeError("the list's name returns")
        return self._whole(before + rest)

    def _whole(self, body: bytes) -> Read:
        page = self._page.decode(body)
        head = {name: getattr(page, field) for field, name in self._head.items()}
        rows = list(map(astuple, self._inside(page)))
        return rows, {name: raw for name, raw in head.items() if len(raw)}

    def _inside(self, page: Any) -> Any:
        for _ in range(self._depth):
            page = page.inner
        return page


@cache
def row_reader(names: tuple[str, ...]) -> RowReader | None:
    """Return the reader of some members; None where a name is none that can be compiled."""
    return RowReader(names) if _fit(names) else None


@cache
def page_reader(
    steps: tuple[str, ...], names: tuple[str, ...], head: frozenset[str]
) -> PageReader | None:
    """Return the reader of some pages; None where a name is none that can be compiled."""
    return PageReader(steps, names, head) if _fit((*steps, *names, *head)) else None


def _record(names: Sequence[str]) -> type[msgspec.Struct]:
    fields = [f"f{at}" for at in range(len(names))]
    return msgspec.defstruct(
        "Record",
        [(field, Any, None) for field in fields],
        rename=dict(zip(fields, names, strict=True)),
        gc=False,
    )


def _page(steps: Sequence[str], inner: Any, head: Mapping[str, str]) -> type[msgspec.Struct]:
    """Return the type of a reply with ``inner`` at ``steps``; ``head`` names fields besides."""
    for step in reversed(steps[1:]):
        inner = msgspec.defstruct("Inner", [("inner", inner)], rename={"inner": step})
    return msgspec.defstruct(
        "Page",
        [("inner", inner), *((field, msgspec.Raw, msgspec.Raw(b"")) for field in head)],
        rename={"inner": steps[0], **head},
    )


def _fit(names: Sequence[str]) -> bool:
    return not any(_UNFIT & set(name) or min(name, default=" ") < " " for name in names)
