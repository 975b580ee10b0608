"""Proves a mapping before a row moves, on what is known of its source.

``lint_mapping`` looks at the mapping's own file, at the source's discovered catalog and, where
there are some, at sampled rows. It calls nobody and changes nothing.
"""

from config.tree import read_tree
from mappings.lint.branches import lint_branches
from mappings.lint.columns import lint_columns
from mappings.lint.findings import Facts, Finding, Lint, Severity
from mappings.lint.kinds import lint_kinds
from mappings.lint.losses import lint_losses
from mappings.lint.presence import lint_presence
from mappings.lint.privacy import lint_privacy
from mappings.lint.samples import lint_samples
from mappings.lint.ways_back import lint_ways_back
from mappings.translation import CompiledMapping

__all__ = ["Facts", "Finding", "Severity", "lint_mapping"]

_RULES = (
    lint_columns,
    lint_presence,
    lint_kinds,
    lint_samples,
    lint_branches,
    lint_privacy,
    lint_losses,
    lint_ways_back,
)


def lint_mapping(compiled: CompiledMapping, facts: Facts) -> list[Finding]:
    """Return all that is found in a mapping, by place."""
    lint = Lint(compiled, read_tree(compiled.mapping.file), facts)
    for rule in _RULES:
        rule(lint)
    return sorted(lint.found, key=lambda one: (one.problem.line, one.problem.column))
