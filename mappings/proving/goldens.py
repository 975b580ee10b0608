"""Golden files: captured, masked rows of a stream, and what the mapping made of each.

Guarantee: a golden file is never half written, and is replaced only where that is asked for.
It stands in ``golden/`` beside its mapping, one JSON document a line: first what was captured
with which version of the mapping, then each row as an example has it, with its whole outcome::

    {"mapping": "crm_customers", "entity": "customer/1", "source": "crm.customers", ...}
    {"in": {"NAME1": "Qxkr"}, "out": {"kind": "person", "name": "Qxkr"}}
    {"in": {"LAND": "XX"}, "refused": "mapping.country.unknown", "field": "country"}
"""

import json
import os
import tempfile
from collections.abc import Iterable
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.model import Mapping
from mappings.proving.outcomes import Difference, Failure, Outcome, differences, outcome_of
from mappings.proving.spelling import restored, storable
from mappings.translation import CompiledMapping
from midspan.kernel.errors import ConfigurationError, Problem

FOLDER = "golden"
MAX_BYTES = 32 * 1024 * 1024
MAX_LINE = 256 * 1024


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """A source row and what the mapping made of it; ``line`` counts from 1, 0 is not written."""

    row: Dict[str, Any]
    outcome: Outcome
    line: int = 0


@dataclass(frozen=True, slots=True)
class Golden:
    """The rows of one file; ``version`` is the mapping's when they were captured."""

    file: Path
    version: str
    rows: tuple[GoldenRow, ...]


def golden_path(mapping: Mapping) -> Path:
    """Return where a mapping's golden file stands, whether it is there or not."""
    return mapping.file.parent / FOLDER / f"{mapping.name}.jsonl"


def read_golden(mapping: Mapping) -> Golden | None:
    """Return a mapping's golden file; None when there is none.

    Raises ConfigurationError ``mapping.golden`` with every line that cannot be read.
    """
    file = golden_path(mapping)
    problems: list[Problem] = []
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ConfigurationError([_problem(file, 0, f"larger than {MAX_BYTES} bytes")])
        # JSON leaves other line ends inside its texts.
        lines = file.read_text("utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigurationError([_problem(file, 0, "is not UTF-8")]) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError([_problem(file, 0, f"cannot be read: {reason}")]) from None
    head, *rows = [_line(file, number, text, problems) for number, text in enumerate(lines, 1)] or [
        {}
    ]
    version = head.get("version")
    if not isinstance(version, str) or head.get("mapping") != mapping.name:
        problems.append(_problem(file, 1, f"the first line names no version of {mapping.name}"))
    found = [_row(file, number, row, problems) for number, row in enumerate(rows, 2) if row]
    if problems:
        raise ConfigurationError(problems)
    return Golden(file, str(version), tuple(row for row in found if row is not None))


def failed_rows(compiled: CompiledMapping, golden: Golden) -> list[Failure]:
    """Return a ``mapping.golden_failed`` for each row that comes out in another way."""
    failures = []
    for one in golden.rows:
        found = outcome_of(compiled, one.row)
        complaint, wrong = _compared(one.outcome, found)
        if complaint:
            problem = Problem("mapping.golden_failed", golden.file, one.line, 1, complaint)
            failures.append(Failure(problem, wrong))
    return failures


def write_golden(compiled: CompiledMapping, stream: str, rows: Iterable[GoldenRow]) -> Path:
    """Write a mapping's golden file, whole or not at all, and return where it stands.

    TypeError for a value that ``spelling`` cannot write.
    """
    entity = compiled.entity
    head = {
        "mapping": compiled.name,
        "entity": f"{entity.name}/{entity.version}",
        "source": stream,
        "version": compiled.version,
    }
    lines = [head, *(written(row) for row in rows)]
    file = golden_path(compiled.mapping)
    file.parent.mkdir(exist_ok=True)
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return file


def written(golden: GoldenRow) -> dict[str, Any]:
    """Return a row as it stands in the file."""
    row, end = storable(golden.row), golden.outcome
    if end.values is not None:
        return {"in": row, "out": storable(end.values)}
    if end.filtered is not None:
        return {"in": row, "filtered": end.filtered}
    return {"in": row, "refused": end.code, "field": end.field}


def _compared(expected: Outcome, found: Outcome) -> tuple[str, tuple[Difference, ...]]:
    if expected.values is not None and found.values is not None:
        # A field that was not there when the row was captured was empty then.
        wanted = dict.fromkeys(found.values) | dict(expected.values)
        wrong = differences(wanted, found.values)
        return "; ".join(one.said() for one in wrong), wrong
    if (expected.code, expected.field) != (found.code, found.field):
        return f"{_wanted(expected)}, but {found.said()}", ()
    if expected.filtered != found.filtered:
        return f"{_wanted(expected)}, but {found.said()}", ()
    return "", ()


def _wanted(expected: Outcome) -> str:
    if expected.values is not None:
        return "the row was translated"
    if expected.filtered is not None:
        return f"the row was left out as '{expected.filtered}'"
    return f"the row was refused: {expected.field} [{expected.code}]"


def _line(file: Path, number: int, text: str, problems: list[Problem]) -> dict[str, Any]:
    """Return a line's record; an empty one when problems were added."""
    if len(text) > MAX_LINE:
        problems.append(_problem(file, number, f"longer than {MAX_LINE} characters"))
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not value:
        problems.append(_problem(file, number, "no JSON record stands here"))
        return {}
    return value


def _row(
    file: Path, number: int, line: dict[str, Any], problems: list[Problem]
) -> GoldenRow | None:
    try:
        row, end = restored(line.get("in")), _outcome(line)
    except (ValueError, RecursionError) as error:
        problems.append(_problem(file, number, str(error)))
        return None
    if not isinstance(row, dict) or end is None:
        message = "a line holds 'in', a record, and one of 'out', 'refused', 'filtered'"
        problems.append(_problem(file, number, message))
        return None
    return GoldenRow(row, end, number)


def _outcome(line: dict[str, Any]) -> Outcome | None:
    out, refused, filtered = (line.get(key) for key in ("out", "refused", "filtered"))
    if isinstance(out, dict):
        return Outcome(restored(out))
    if isinstance(refused, str):
        return Outcome(code=refused, field=str(line.get("field", "")))
    return Outcome(filtered=filtered) if isinstance(filtered, str) else None


def _problem(file: Path, line: int, message: str) -> Problem:
    remedy = "Capture the file anew: midspan test --capture SYSTEM.STREAM --force"
    return Problem("mapping.golden", file, line, min(line, 1), message, remedy)
