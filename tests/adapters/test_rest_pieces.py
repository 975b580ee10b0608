"""What a long JSON list read in pieces promises: the rows of one plain decoding, or its refusal."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from adapters.rest.json_pieces import PIECE, Pieces
from adapters.rest.json_types import UNREADABLE, VALUE, PageReader, RowReader

Record = dict[str, Any]

_NAMES = ("id", "text")
_MANY = 3 * PIECE // 40


def _records(make: Callable[[int], Record]) -> list[Record]:
    return [make(number) for number in range(_MANY)]


_PLAIN = _records(lambda number: {"id": number, "text": f"record number {number:08d} of many"})
_LISTS: dict[str, list[Record]] = {
    "plain": _PLAIN,
    "texts like borders": _records(lambda number: {"id": number, "text": '},{"id": 1},' * 3}),
    "lists inside that begin alike": _records(
        lambda number: {"id": number, "text": [{"id": 1}, {"id": 2, "text": "an inner one"}]}
    ),
    "one list inside, late": [*_PLAIN, {"id": 1, "text": [{"id": 1}] * 5000}, *_PLAIN],
    "records that begin unlike": _records(
        lambda number: {"text": "x" * 30, "id": 1} if number % 3 else {"id": 2, "text": "y" * 30}
    ),
    "an empty record first": [{}, *_PLAIN],
    "numbers": _records(lambda number: {"id": 10**30 + number, "text": number / 8}),
    "short": _PLAIN[:3],
    "empty": [],
}
_PAGES: dict[str, str] = {
    "head before and behind": '{"total": 7, "data": {"rows": %s, "at": 1}, "next": "n"}',
    "a list of the name elsewhere first": '{"x": {"rows": [{"id": 9}]}, "data": {"rows": %s}}',
    "an empty one there": '{"x": {"rows": []}, "data": {"rows": %s}, "next": "n"}',
    "the list twice, the later one short": '{"data": {"rows": %s, "rows": [{"id": 5}]}}',
    "the list twice, the later one long": '{"data": {"rows": [{"id": 5}], "rows": %s}}',
    "another list behind": '{"data": {"rows": [{"id": 1}], "others": %s}}',
    "another branch behind": '{"data": {"rows": []}, "x": {"rows": %s}}',
    "the name in other letters": '{"data": {"r\\u006fws": [{"id": 5}]}, "x": {"rows": %s}}',
    "the name as a text": '{"total": "\\"rows\\": [{", "data": {"rows": %s}}',
}


def _rows(records: list[Record]) -> list[tuple[Any, ...]]:
    return [tuple(record.get(name) for name in _NAMES) for record in records]


def _at_border(text: bytes, mark: bytes) -> bytes:
    """Return a list with ``mark`` instead of the comma behind its first piece."""
    border = len(next(iter(Pieces(text, 0)))) - 1
    assert text[border : border + 1] == b","
    return text[:border] + mark + text[border + 1 :]


def _spaced(records: list[Record], spaces: int | None) -> bytes:
    separators = None if spaces else (",", ":")
    return json.dumps(records, indent=spaces, separators=separators).encode()


@pytest.mark.parametrize("spaces", [None, 2])
@pytest.mark.parametrize("name", _LISTS)
def test_a_list_has_the_rows_of_a_plain_decoding(name: str, spaces: int | None) -> None:
    """Whatever its records hold, and however they are set apart."""
    text = _spaced(_LISTS[name], spaces)

    # Twice: a list that could not be cut is not cut again.
    reader = RowReader(_NAMES)
    for _ in range(2):
        assert reader.listed(text) == _rows(VALUE.decode(text))


@pytest.mark.parametrize("name", _LISTS)
@pytest.mark.parametrize("page", _PAGES)
def test_a_page_has_the_rows_of_a_plain_decoding(page: str, name: str) -> None:
    """Also where other members look like the list, or follow it."""
    body = (_PAGES[page] % json.dumps(_LISTS[name])).encode()
    plain = VALUE.decode(body)

    rows, head = PageReader(("data", "rows"), _NAMES, frozenset({"total", "next"})).read(body)

    assert rows == _rows(plain["data"]["rows"])
    told = {name: msgspec.json.decode(raw) for name, raw in head.items()}
    assert told == {name: plain[name] for name in ("total", "next") if name in plain}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b'}, {"id": 400,', b'} {"id": 400,'),
        lambda text: text.replace(b'}, {"id"', b'} {"id"'),
        lambda text: text.replace(b'}, {"id"', b'},, {"id"'),
        lambda text: text.replace(b'}, {"id"', b'}],[{"id"'),
        lambda text: _at_border(text, b" "),
        lambda text: _at_border(text, b",\x0c"),
        lambda text: _at_border(text, b",,"),
        lambda text: text[:-1],
        lambda text: text + b"]",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(b'"id": 400,', b'"id": 4e999999999999999999999,'),
        lambda text: text.replace(b"number 00000400", b"number \xff"),
    ],
)
def test_a_spoiled_list_is_refused_as_in_one_piece(spoil: Callable[[bytes], bytes]) -> None:
    """No record of a list that is no JSON is read."""
    text = spoil(json.dumps(_PLAIN).encode())

    with pytest.raises(UNREADABLE):
        RowReader(_NAMES).listed(text)
    with pytest.raises(UNREADABLE):
        PageReader(("rows",), _NAMES, frozenset()).read(b'{"rows": %b}' % text)


def test_a_long_list_is_cut() -> None:
    """So that what is made of a piece is still in the cache when it becomes rows."""
    text = json.dumps(_PLAIN).encode()

    pieces = Pieces(text, 0)
    found = [*pieces, pieces.tail()]

    assert len(found) > len(text) // PIECE // 2
    assert [one for piece in found for one in json.loads(piece)] == _PLAIN
    assert max(map(len, found)) < 2 * PIECE


@pytest.mark.parametrize(
    "text", ["1.5", "-0.0", "1E5", "0.1000", "1e-400", "123456789.123456789123456789", "0e-30"]
)
def test_a_number_is_what_its_text_says(text: str) -> None:
    """Nothing is rounded, and no digit is lost."""
    found = VALUE.decode(text)

    assert isinstance(found, Decimal)
    assert str(found) == str(Decimal(text))
