"""Which fields can be written back into the source, and why the others cannot."""

from mappings.lint.findings import Lint
from mappings.reverse import reverse_of


def lint_ways_back(lint: Lint) -> None:
    """Name the fields that have no way back, with the reason."""
    reasons = {
        one.name: one.reason for one in reverse_of(lint.mapping).fields if not one.reversible
    }
    for one in lint.fields():
        if one.name in reasons:
            message = f"{one.name} cannot be written back: it {reasons[one.name]}"
            remedy = "Nothing to do where nothing is written back"
            lint.notice(one.node, "lint.not_reversible", message, remedy, one.name)
