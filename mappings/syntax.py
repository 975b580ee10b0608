"""Builds Python syntax trees node by node.

Every text from a mapping file enters as a constant or as a bound object; names are made by
the compiler alone. No source text is ever put together and parsed.
"""

import ast
from collections.abc import Sequence
from types import CodeType
from typing import Any

_FIRST_LINE = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_WITHOUT_PLACE = frozenset(
    {str, int, bool, type(None), ast.Load, ast.Store, ast.Is, ast.IsNot, ast.In, ast.Not, ast.And}
)
"""What stands in the nodes of most trees and is no node with a place."""


def load(name: str) -> ast.expr:
    """Return a reference to a name."""
    return ast.Name(name, ast.Load())


def constant(value: Any) -> ast.expr:
    """Return a literal: None, a text, number or boolean."""
    return ast.Constant(value)


def assign(target: str, value: ast.expr) -> ast.stmt:
    """Return ``target = value``."""
    return ast.Assign([ast.Name(target, ast.Store())], value)


def call(function: str, *arguments: ast.expr) -> ast.expr:
    """Return ``function(*arguments)``."""
    return ast.Call(load(function), list(arguments), [])


def method(name: str, attribute: str, *arguments: ast.expr) -> ast.expr:
    """Return ``name.attribute(*arguments)``."""
    return ast.Call(ast.Attribute(load(name), attribute, ast.Load()), list(arguments), [])


def statement(value: ast.expr) -> ast.stmt:
    """Return an expression as a statement."""
    return ast.Expr(value)


def branch(test: ast.expr, body: list[ast.stmt], other: list[ast.stmt] | None = None) -> ast.stmt:
    """Return ``if test: body else: other``."""
    return ast.If(test, body, other or [])


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """Return ``left operator right``."""
    return ast.Compare(left, [operator], [right])


def is_none(name: str) -> ast.expr:
    """Return ``name is None``."""
    return compare(load(name), ast.Is(), constant(None))


def is_present(name: str) -> ast.expr:
    """Return ``name is not None``."""
    return compare(load(name), ast.IsNot(), constant(None))


def is_missing(value: ast.expr) -> ast.expr:
    """Return ``value in (None, "")``."""
    return compare(value, ast.In(), tuple_of([constant(None), constant("")]))


def has_class(name: str, type_name: str) -> ast.expr:
    """Return ``name.__class__ is type_name``."""
    return compare(ast.Attribute(load(name), "__class__", ast.Load()), ast.Is(), load(type_name))


def negate(value: ast.expr) -> ast.expr:
    """Return ``not value``."""
    return ast.UnaryOp(ast.Not(), value)


def tuple_of(values: Sequence[ast.expr]) -> ast.expr:
    """Return ``(values...)``."""
    return ast.Tuple(list(values), ast.Load())


def unpacked(names: Sequence[str]) -> ast.expr:
    """Return the assignment target ``(names...)``."""
    return ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())


def function(name: str, arguments: Sequence[str], body: list[ast.stmt]) -> ast.FunctionDef:
    """Return ``def name(arguments): body``."""
    parameters = ast.arguments(
        posonlyargs=[],
        args=[ast.arg(argument) for argument in arguments],
        kwonlyargs=[],
        kw_defaults=[],
        defaults=[],
    )
    return ast.FunctionDef(name, parameters, body, [])


def code_of(definition: ast.FunctionDef, label: str) -> CodeType:
    """Compile one function definition; ``label`` stands in tracebacks for the file."""
    module = ast.Module([definition], [])
    _locate(module)
    return compile(module, label, "exec")


def _locate(tree: ast.AST) -> None:
    """Give each node a place, as ``compile`` wants it: the first line, for there is no text.

    ``ast.fix_missing_locations`` does the same for any tree, and takes longer than compiling.
    """
    nodes = [tree]
    for node in nodes:
        for value in node.__dict__.values():
            if value.__class__ is list:
                nodes.extend([one for one in value if isinstance(one, ast.AST)])
            elif value.__class__ not in _WITHOUT_PLACE and isinstance(value, ast.AST):
                nodes.append(value)
        node.__dict__.update(_FIRST_LINE)
