"""Builds Python syntax trees node by node.

Every text from a mapping file enters as a constant or as a bound object; names are made by
the compiler alone. No source text is ever put together and parsed.
"""

import ast
from collections.abc import Sequence
from types import CodeType
from typing import Any


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
    module = ast.fix_missing_locations(ast.Module([definition], []))
    return compile(module, label, "exec")
