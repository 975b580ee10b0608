"""Runs the examples of a mapping file: each is a small test that stands beside the rule.

A column that an example leaves out is missing in its row. ``out`` is compared for the fields
it names.
"""

from typing import Any

from mappings.model import Example, Mapping
from mappings.translation import CompiledMapping, Translation, compile_mapping
from midspan.kernel.errors import Problem


def run_examples(mapping: Mapping | CompiledMapping) -> list[Problem]:
    """Return a ``mapping.example_failed`` for each example that does not come true."""
    compiled = mapping if isinstance(mapping, CompiledMapping) else compile_mapping(mapping)
    failures = []
    for example in compiled.mapping.examples:
        complaint = _run(example, compiled)
        if complaint:
            failures.append(example.node.problem("mapping.example_failed", complaint))
    return failures


def _run(example: Example, compiled: CompiledMapping) -> str:
    """Return what is wrong with an example's outcome; nothing when it came true."""
    row = tuple(example.row.get(column) for column in compiled.sources)
    done = compiled.translate(compiled.sources, [row])
    if example.out is not None:
        if not done.rows:
            return f"the row should have been translated, but {_outcome(done)}"
        return _differences(
            example.out, dict(zip(compiled.entity.field_names, done.rows[0], strict=True))
        )
    if example.refused is not None:
        right = [refusal.code for refusal in done.refusals] == [example.refused]
        return "" if right else f"'{example.refused}' was expected, but {_outcome(done)}"
    right = [reason for _, reason in done.filtered] == [example.filtered]
    return "" if right else f"it should be left out as '{example.filtered}', but {_outcome(done)}"


def _outcome(done: Translation) -> str:
    if done.refusals:
        refusal = done.refusals[0]
        return f"it was refused: {refusal.field}: {refusal.message} [{refusal.code}]"
    if done.filtered:
        return f"it was left out: {done.filtered[0][1]}"
    return "it was translated"


def _differences(expected: Any, found: dict[str, Any]) -> str:
    wrong = [
        f"{name} is {found[name]!r}, not {value!r}"
        for name, value in expected.items()
        if found[name] != value
    ]
    return "; ".join(wrong)
