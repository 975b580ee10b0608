"""How findings, failed examples and captured rows are shown: by place, and field by field."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from mappings.lint import Finding
from mappings.proving.outcomes import Failure
from mappings.proving.spelling import storable
from midspan.cli.output import print_table, print_wrapped, printable
from midspan.kernel.errors import Problem
from midspan.sync.proving import Captured, Tested


@dataclass(frozen=True, slots=True)
class Linted:
    """What lint proved and found; a failed example counts as an error."""

    systems: tuple[str, ...]
    syncs: tuple[str, ...]
    failures: tuple[Failure, ...]
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity."""
        found = Counter(one.severity for one in self.findings)
        return {severity: found[severity] for severity in ("error", "warning", "notice")}

    def exit_code(self, *, strict: bool) -> int:
        """Return 1 for errors and failed examples, with ``strict`` for warnings, too."""
        grave = self.counts["error"] + (self.counts["warning"] if strict else 0)
        return 1 if grave or self.failures else 0

    def plain(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "systems": self.systems,
            "syncs": self.syncs,
            "failures": [str(one.problem) for one in self.failures],
            "counts": self.counts,
            "findings": [
                {
                    "severity": one.severity,
                    "mapping": one.mapping,
                    "field": one.field or None,
                    **problem_plain(one.problem),
                }
                for one in self.findings
            ],
        }


def print_linted(done: Linted) -> None:
    """Print each finding at its place, and a line that sums them up."""
    for failure in done.failures:
        print_failure(failure)
    for one in done.findings:
        # What is lost on purpose asks for nothing; JSON has its remedies as well.
        problem = replace(one.problem, remedy="") if one.severity == "notice" else one.problem
        click.echo(_line(problem, f"{one.severity} "))
    counts: dict[str, int] = {
        "systems": len(done.systems),
        "syncs": len(done.syncs),
        "failing examples": len(done.failures),
    }
    counts |= {f"{severity}s": count for severity, count in done.counts.items()}
    click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))


def print_tested(done: Sequence[Tested]) -> None:
    """Print each failure with what differs, and a line for each mapping."""
    for one in done:
        for warning in one.warnings:
            click.echo(_line(warning, "warning "))
        for failure in one.failures:
            print_failure(failure)
    for one in done:
        golden = "no golden file" if one.golden is None else f"{one.golden} golden rows"
        failed = f", {len(one.failures)} failed" if one.failures else ""
        click.echo(f"{one.compiled.name}: {one.examples} examples, {golden}{failed}")


def print_failure(failure: Failure) -> None:
    """Print a failure, and below it each field that differs."""
    if not failure.differences:
        click.echo(_line(failure.problem))
        return
    problem = failure.problem
    count = len(failure.differences)
    what = f"{count} field{'' if count == 1 else 's'} came out otherwise"
    click.echo(_line(Problem(problem.code, problem.file, problem.line, problem.column, what)))
    rows = [(one.field, _shown(one.expected), _shown(one.found)) for one in failure.differences]
    print_table(("field", "expected", "found"), rows, lines=False, indent=2)


def tested_plain(done: Sequence[Tested]) -> dict[str, Any]:
    """Return tests ready for JSON."""
    return {
        "ok": not any(one.failures for one in done),
        "mappings": [
            {
                "mapping": one.compiled.name,
                "version": one.compiled.version,
                "examples": one.examples,
                "golden": one.golden,
                "failures": [_failure_plain(failure) for failure in one.failures],
                "warnings": [problem_plain(warning) for warning in one.warnings],
            }
            for one in done
        ],
    }


def print_captured(done: Captured) -> None:
    """Print what a golden file holds."""
    found = done.capture
    click.echo(f"wrote {_short(done.file)}: {len(found.rows)} rows, of {done.read} read")
    if found.given_up:
        message = f"{found.given_up} kinds of rows could not be masked alike, and are left out"
        print_wrapped(message, 0)
    if found.left_out:
        print_wrapped(f"{found.left_out} kinds of rows are left out: keep more with --keep", 0)


def captured_plain(done: Captured) -> dict[str, Any]:
    """Return what was captured ready for JSON."""
    found = done.capture
    return {
        "file": str(done.file),
        "read": done.read,
        "rows": len(found.rows),
        "kinds": found.shapes,
        "not_masked": found.given_up,
        "left_out": found.left_out,
    }


def problem_plain(problem: Problem) -> dict[str, Any]:
    """Return a finding ready for JSON."""
    return {
        "code": problem.code,
        "file": str(problem.file),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _failure_plain(failure: Failure) -> dict[str, Any]:
    differences = [
        {"field": one.field, "expected": storable(one.expected), "found": storable(one.found)}
        for one in failure.differences
    ]
    return {**problem_plain(failure.problem), "differences": differences}


def _line(problem: Problem, before: str = "") -> str:
    place = f"{_short(problem.file)}:{problem.line}:{problem.column}"
    remedy = f". {problem.remedy}" if problem.remedy else ""
    return printable(f"{place}: {before}[{problem.code}] {problem.message}{remedy}")


def _short(file: Path) -> str:
    """Return a file as seen from the current folder, where it lies in it."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _shown(value: Any) -> str:
    return "—" if value is None else repr(value) if isinstance(value, str) else str(value)
