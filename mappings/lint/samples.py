"""What sampled rows prove: refusals, codes that no table knows, entries that nobody uses.

Guarantee: no value is shown but codes that are looked up, and those only where neither their
column nor the field they lead to is personal.
"""

import re
from collections import Counter
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from typing import Any

from config.tree import Node
from mappings.lint.findings import Lint, Placement
from mappings.lint.kinds import field_of
from mappings.lint.places import placed
from mappings.model import Default, Guarded, Lookup, Read
from mappings.paths import spelt
from mappings.probes import Probes, spelt_out

_ITEM = re.compile(r"\[\d+\]")
_MOST_CODES = 8
_SAMPLE = "Run lint with --sample N, which reads N rows of the source"

Rows = Sequence[tuple[Any, ...]]


def lint_samples(lint: Lint) -> None:
    """Report what sampled rows show of lookups, and which of them would be refused."""
    if lint.facts.rows is None:
        for one, node, lookup in _lookups(lint):
            if lookup.unknown == "refuse":
                message = f"{one.name}: whether {lookup.file} knows every code is not proven"
                lint.notice(node, "lint.lookup_unproven", message, _SAMPLE, one.name)
        return
    sources = lint.compiled.sources
    rows = [tuple(row.get(column) for column in sources) for row in lint.facts.rows]
    done = lint.compiled.translate(sources, rows)
    left_out = {index for index, _ in done.filtered}
    kept = [row for index, row in enumerate(rows) if index not in left_out]
    for one, node, lookup in _lookups(lint):
        if one.of_row:
            _totality(lint, one, node, lookup, kept)
    refused = Counter((_ITEM.sub("[]", one.field), one.code) for one in done.refusals)
    _refusals(lint, refused, len(rows))
    if rows and len(left_out) == len(rows):
        message = f"all {len(rows)} sampled rows are left out"
        lint.warning(lint.key("filter"), "lint.sample_filtered", message, "Narrow the filters")


def _lookups(lint: Lint) -> list[tuple[Placement, Node, Lookup]]:
    return [
        (one, node, part)
        for one in lint.expressions()
        for part, node in placed(one.expression, one.node)
        if isinstance(part, Lookup)
    ]


def _totality(lint: Lint, one: Placement, node: Node, lookup: Lookup, rows: Rows) -> None:
    probes = Probes(lint.mapping, [spelt_out(lookup.of), (lookup, lookup.kind)])
    places = [lint.compiled.sources.index(column) for column in probes.sources]
    cut = [tuple(row[place] for place in places) for row in rows]
    pairs = probes.values(probes.sources, cut)
    met = [(code, meaning) for code, meaning in pairs if code and (code.strip() or not lookup.trim)]
    strange = Counter(code for code, meaning in met if meaning is None)
    if strange and lookup.unknown == "refuse":
        shown = "" if _is_personal(lint, one, lookup) else f": {_some_of(strange)}"
        message = (
            f"{one.name}: {sum(strange.values())} of {len(rows)} sampled rows hold "
            f"{len(strange)} codes that {lookup.file} lacks{shown}"
        )
        remedy = "Add them to the table, or say what becomes of them with unknown"
        if _is_straight(one.expression, lookup):
            lint.error(node, "lint.lookup_unknown", message, remedy, one.name)
        else:
            lint.warning(node, "lint.lookup_doubtful", message, remedy, one.name)
    _unused(lint, one, node, lookup, {code for code, _ in met})


def _unused(lint: Lint, one: Placement, node: Node, lookup: Lookup, met: set[str]) -> None:
    seen = {code.strip() if lookup.trim else code for code in met}
    seen = {code.casefold() for code in seen} if lookup.fold else seen
    idle = [code for code in (*lookup.table, *lookup.spans) if code and code not in seen]
    if idle:
        spelt_as = {lookup.spelling.get(code, code): 1 for code in idle}
        message = f"{one.name}: no sampled row uses {_some_of(spelt_as)} of {lookup.file}"
        remedy = "Nothing to do if other rows use them"
        lint.notice(node, "lint.lookup_unused", message, remedy, one.name)


def _refusals(lint: Lint, refused: Counter[tuple[str, str]], rows: int) -> None:
    for (name, code), count in refused.items():
        node = _place(lint, name)
        message = f"{count} of {rows} sampled rows are refused: {name} [{code}]"
        remedy = "midspan preview shows them; convert what is meant, and let the rest be refused"
        if count == rows:
            lint.error(node, "lint.all_refused", message, remedy, name)
        else:
            lint.warning(node, "lint.refused", message, remedy, name)


def _place(lint: Lint, name: str) -> Node:
    top = name.split(".")[0].split("[")[0]
    for section in ("fields", "checks"):
        found = lint.tree.get(section)
        if found is not None and found.get(top) is not None:
            return found.value[top]  # type: ignore[no-any-return]  # a node of the tree
    return lint.tree


def _is_straight(expression: Any, lookup: Lookup) -> bool:
    """Return whether a row cannot do without the lookup: no branch passes it by."""
    while isinstance(expression, Guarded | Default):
        expression = expression.of
    return expression is lookup


def _is_personal(lint: Lint, one: Placement, lookup: Lookup) -> bool:
    field = field_of(lint, one)
    marked = lint.mapping.personal
    reads = [part for part, _ in placed(lookup.of, one.node) if isinstance(part, Read)]
    return (field is not None and field.personal) or any(one.path.column in marked for one in reads)


def _some_of(codes: Dict[str, int]) -> str:
    shown = ", ".join(spelt(code) for code in sorted(codes)[:_MOST_CODES])
    return f"{shown}, …" if len(codes) > _MOST_CODES else shown
