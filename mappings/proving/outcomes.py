"""What becomes of one row, and how it differs from what was expected.

Guarantee: two values are the same exactly when they are spelt the same in a golden file, so
that an example, a golden row and a translation are compared in one way.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from mappings.proving.spelling import spelling
from mappings.translation import CompiledMapping, Translation
from midspan.kernel.errors import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row's end: ``values``, or the ``code`` and ``field`` of its refusal, or ``filtered``.

    ``filtered`` is the reason why it is left out. ``message`` is the refusal's, without values.
    """

    values: Dict[str, Any] | None = None
    code: str = ""
    field: str = ""
    message: str = ""
    filtered: str | None = None

    def said(self) -> str:
        """Return the outcome in words."""
        if self.code:
            return f"it was refused: {self.field}: {self.message} [{self.code}]"
        return "it was translated" if self.filtered is None else f"it was left out: {self.filtered}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A canonical field that became something else than was expected."""

    field: str
    expected: Any
    found: Any

    def said(self) -> str:
        """Return the difference in words."""
        return f"{self.field} is {self.found!r}, not {self.expected!r}"


@dataclass(frozen=True, slots=True)
class Failure:
    """An example or golden row that did not come true; ``differences`` are field by field."""

    problem: Problem
    differences: tuple[Difference, ...] = ()


def outcomes_of(done: Translation, count: int, names: tuple[str, ...]) -> list[Outcome]:
    """Return the outcome of each of the ``count`` rows that a translation was made of."""
    found: dict[int, Outcome] = {
        one.index: Outcome(code=one.code, field=one.field, message=one.message)
        for one in done.refusals
    }
    for index, reason in done.filtered:
        found[index] = Outcome(filtered=reason)
    for index, values in zip(done.indexes, done.rows, strict=True):
        found[index] = Outcome(dict(zip(names, values, strict=True)))
    return [found[index] for index in range(count)]


def outcome_of(compiled: CompiledMapping, row: Dict[str, Any]) -> Outcome:
    """Return what becomes of one row; a column that it leaves out is missing."""
    values = tuple(row.get(column) for column in compiled.sources)
    done = compiled.translate(compiled.sources, [values])
    return outcomes_of(done, 1, compiled.entity.field_names)[0]


def differences(expected: Dict[str, Any], found: Dict[str, Any]) -> tuple[Difference, ...]:
    """Return the fields of ``expected`` whose value was found to be another."""
    return tuple(
        Difference(name, value, found.get(name))
        for name, value in expected.items()
        if spelling(value) != spelling(found.get(name))
    )
