"""Compiles a mapping into one Python function over tuples, for one layout of columns.

The function holds no loop over fields and no dictionary of values: each column is a local
variable, each field a few statements, each check a comparison. A refused value leaves its
row through one exception, and costs accepted rows nothing.

This is the exact function, which names the first field that is refused. ``mappings.quick``
makes a faster one that hands over to it whatever is not plainly well.
"""

import ast
from collections.abc import Callable, Sequence

from mappings import syntax
from mappings.emitter import Emitter, on_refusal
from mappings.model import Mapping
from midspan.kernel.errors import ConfigurationError, Problem

RowFunction = Callable[..., None]

FILTER = "filter"
TOO_DEEP = "expressions stand too deep within each other"


def compile_rows(mapping: Mapping, columns: Sequence[str]) -> tuple[RowFunction, tuple[str, ...]]:
    """Return the function for rows of ``columns``, and the names its refusals index.

    The function takes ``(rows, put, keep, refuse, drop, lose)``: ``put`` and ``keep`` receive
    each translated row and its index, ``refuse(index, name, error)`` the refused ones,
    ``drop(index, filter)`` those left out, ``lose(index, name, error)`` a field that was given up.
    Raises ConfigurationError ``mapping.expression`` for what is nested too deep to be compiled.
    """
    emitter = Emitter(columns)
    names = (FILTER, *mapping.entity.field_names, *mapping.checks)
    try:
        definition = _definition(emitter, mapping)
        code = syntax.code_of(definition, f"<mapping {mapping.name}>")
    except RecursionError:
        problem = Problem("mapping.expression", mapping.file, 1, 1, TOO_DEEP)
        raise ConfigurationError([problem]) from None
    namespace = emitter.namespace
    # The tree was built by this module, node by node: nothing of the user's is code in it.
    exec(code, namespace)  # noqa: S102 as said above
    return namespace[definition.name], names


def _definition(emitter: Emitter, mapping: Mapping) -> ast.FunctionDef:
    handler = on_refusal("refuse", ast.Continue(), syntax.load("error"))
    body = [syntax.assign("at", syntax.constant(0)), *filters(emitter, mapping)]
    values = []
    for at, spec in enumerate(mapping.entity.fields, start=1):
        expression = mapping.fields.get(spec.name)
        if expression is None:
            values.append(emitter.literal(spec.default))
            continue
        name = f"f{at}"
        body.append(syntax.assign("at", syntax.constant(at)))
        body += emitter.field(expression, spec, name)
        values.append(syntax.load(name))
    for at, check in enumerate(mapping.checks.values(), start=len(mapping.entity.fields) + 1):
        body.append(syntax.assign("at", syntax.constant(at)))
        body += emitter.value(check, "checked")
    body.append(syntax.assign("made", syntax.tuple_of(values)))
    arguments = ("rows", "put", "keep", "refuse", "drop", "lose")
    return row_loop(emitter, arguments, body, handler)


def filters(emitter: Emitter, mapping: Mapping) -> list[ast.stmt]:
    """Return the statements that drop a row which a filter names."""
    body: list[ast.stmt] = []
    for number, rule in enumerate(mapping.filters):
        drop = syntax.call("drop", syntax.load("index"), syntax.constant(number))
        test = emitter.condition(rule.condition)
        body.append(syntax.branch(test, [syntax.statement(drop), ast.Continue()]))
    return body


def row_loop(
    emitter: Emitter, arguments: Sequence[str], body: list[ast.stmt], handler: ast.ExceptHandler
) -> ast.FunctionDef:
    """Return the function that does ``body`` for each row and keeps the row that it ``made``."""
    loop = ast.For(
        syntax.unpacked(["index", "row"]), syntax.call("enumerate", syntax.load("rows")), [], []
    )
    loop.body = [
        ast.Assign([syntax.unpacked(emitter.locals)], syntax.load("row")),
        ast.Try(body, [handler], [], []),
        syntax.statement(syntax.call("put", syntax.load("made"))),
        syntax.statement(syntax.call("keep", syntax.load("index"))),
    ]
    return syntax.function("translate", arguments, [loop])
