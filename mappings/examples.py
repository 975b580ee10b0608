"""Runs the examples of a mapping file: each is a small test that stands beside the rule.

A column that an example leaves out is missing in its row. ``out`` is compared for the fields
it names.
"""

from mappings.model import Example, Mapping
from mappings.proving.outcomes import Difference, Failure, differences, outcome_of
from mappings.translation import CompiledMapping, compile_mapping
from midspan.kernel.errors import Problem


def run_examples(mapping: Mapping | CompiledMapping) -> list[Problem]:
    """Return a ``mapping.example_failed`` for each example that does not come true."""
    compiled = mapping if isinstance(mapping, CompiledMapping) else compile_mapping(mapping)
    return [failure.problem for failure in failed_examples(compiled)]


def failed_examples(compiled: CompiledMapping) -> list[Failure]:
    """Return each example that does not come true, with what differs."""
    failures = []
    for example in compiled.mapping.examples:
        complaint, wrong = _run(example, compiled)
        if complaint:
            problem = example.node.problem("mapping.example_failed", complaint)
            failures.append(Failure(problem, wrong))
    return failures


def _run(example: Example, compiled: CompiledMapping) -> tuple[str, tuple[Difference, ...]]:
    """Return what is wrong with an example's outcome; nothing when it came true."""
    found = outcome_of(compiled, example.row)
    if example.out is not None:
        if found.values is None:
            return f"the row should have been translated, but {found.said()}", ()
        wrong = differences(example.out, found.values)
        return "; ".join(one.said() for one in wrong), wrong
    if example.refused is not None:
        right = found.code == example.refused
        return "" if right else f"'{example.refused}' was expected, but {found.said()}", ()
    right = found.filtered == example.filtered
    return "" if right else f"it should be left out as '{example.filtered}', but {found.said()}", ()
