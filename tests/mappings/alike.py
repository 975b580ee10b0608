"""Holds a compiled mapping to the plain interpreter, row by row and all at once."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from mappings import CompiledMapping
from tests.mappings.helpers import translate
from tests.mappings.interpreter import interpret

BATCH = 1_500
VALUES: list[Any] = [
    *(None, "", " ", 0, 1, 2**70, True, False, 1.5, Decimal("1.50"), Decimal("NaN"), [], {}, b"x"),
    *("P", "F", "J", "N", "x" * 300, "\x00", "e\u0301", "at", "AT", "XX", "EUR", "eur", "de_AT"),
    *("A@B.example", "nobody", "+43 664 1234567", "0664 1234567", "ATU13585627", "Unit", "LTR"),
    *("00000001990", "20250101", "2025-03-30T02:30:00", "2025-01-01T00:00:00"),
    *(date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)),
]  # fmt: skip


def assert_alike(mapping: CompiledMapping, rows: list[dict[str, Any]]) -> None:
    """Hold the exact function, row by row, and the quick one, all at once, to the interpreter."""
    wanted = [interpret(mapping.mapping, row) for row in rows]
    done = translate(mapping, *rows)
    found: dict[int, tuple[str, Any]] = {
        index: ("row", row) for index, row in zip(done.indexes, done.rows, strict=True)
    }
    found |= {one.index: ("refused", (one.field, one.code)) for one in done.refusals}
    found |= {index: ("filtered", reason) for index, reason in done.filtered}

    assert [found[index] for index in range(len(rows))] == wanted
    assert len(done.rows) + len(done.refusals) + len(done.filtered) == len(rows)
    assert [_compiled(mapping, row) for row in rows] == wanted
    kinds = [[type(value) for value in row] for row in done.rows]
    assert kinds == [[type(value) for value in told] for way, told in wanted if way == "row"]


def _compiled(mapping: CompiledMapping, row: dict[str, Any]) -> tuple[str, Any]:
    done = translate(mapping, row)
    if done.refusals:
        return "refused", (done.refusals[0].field, done.refusals[0].code)
    return ("filtered", done.filtered[0][1]) if done.filtered else ("row", done.rows[0])
