"""Converters of a project's own, for the rare rest, and those of other packages.

A project's are functions in ``mappings/functions.py`` of its folder; another package names its
own in the entry-point group ``midspan.converters``::

    from mappings.converters.own import converter

    @converter("tier", takes=(str,), gives="string", revision=1)
    def tier(text: str) -> str | None:
        return {"A": "gold", "B": "silver"}[text]

The file is Python, and trusted as a DAG file is; it is imported only where a project has it, and
never named by a mapping. Guarantee: whatever a function raises refuses the row by the class of
the error and nothing of its text, and what it gives is of the kind that it declares. That it is
pure is its author's promise: the same value gives the same result, without network or clock.
"""

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, get_args

from mappings.converters.registry import Converter, Function, NoOptions, converters
from mappings.fields import FROM_SOURCE
from mappings.values import Refused, expect
from midspan.kernel.errors import Problem
from shared_services.contracts.entities import FieldKind

GROUP = "midspan.converters"
FILE = "functions.py"
_MARK = "__midspan_converter__"
_GIVEN = tuple(kind for kind in get_args(FieldKind) if kind != "records")

F = TypeVar("F", bound=Callable[[Any], Any])


def converter(
    name: str,
    *,
    takes: tuple[type, ...],
    gives: FieldKind,
    revision: int = 1,
    reverse: Callable[[Any], Any] | None = None,
    loses: str = "",
) -> Callable[[F], F]:
    """Make the decorated function the converter ``name``; the function stays as it is.

    It never sees a missing value, and may return None for one. ``revision`` is raised when its
    meaning changes: mappings that use it get a new version. ``reverse`` is the way back from
    what it gives, if there is one, and ``loses`` what does not come back.
    """
    if not isinstance(takes, tuple) or not all(isinstance(one, type) for one in takes):
        raise TypeError(f"a converter takes types such as (str,), not {takes!r}")
    if gives not in _GIVEN:
        raise ValueError(f"a converter gives one of {', '.join(_GIVEN)}, not {gives}")

    def mark(function: F) -> F:
        made = Converter(
            name,
            takes,
            gives,
            NoOptions,
            lambda _options: _guarded(name, function, gives),
            (function.__doc__ or name).strip().split("\n", 1)[0],
            revision=revision,
            reverse=None if reverse is None else lambda _options: _guarded(name, reverse),
            loses=loses,
        )
        setattr(function, _MARK, made)
        return function

    return mark


def _guarded(name: str, function: Callable[[Any], Any], gives: FieldKind | None = None) -> Function:
    """Return a function that refuses where ``function`` fails, or gives another kind."""

    def convert(value: Any) -> Any:
        if value.__class__ is str and not value:
            return None
        try:
            result = function(value)
        except Exception as error:  # noqa: BLE001 - whatever it raises, it is this row's alone
            kind = type(error).__name__
            message = f"the function of '{name}' failed with {kind}"
            raise Refused("mapping.function.failed", message) from None
        if result is None or gives is None:
            return result
        return expect(result, (str,)) if gives == "string" else FROM_SOURCE[gives](result)

    return convert


def converters_of(folder: Path, problems: list[Problem]) -> Mapping[str, Converter]:
    """Return the converters that the mappings in ``folder`` may use, by name.

    What is wrong with a project's functions is added to ``problems``, at its line.
    """
    known = converters() | _of_packages()
    file = folder / FILE
    if not file.is_file():
        return known
    try:
        own = list(_of_module(_imported(file, hashlib.sha256(file.read_bytes()).hexdigest())))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a file may fail in any way
        message = f"cannot be imported: {type(error).__name__}: {error}"
        problems.append(Problem("mapping.functions", file, _line_of(error, file), 1, message))
        return known
    for function, one in own:
        if known.setdefault(one.name, one) is not one:
            message = f"there is a converter '{one.name}' already"
            line, remedy = _first_line(function), "Give it another name"
            problems.append(Problem("mapping.functions", file, line, 1, message, remedy))
    return known


@cache
def _of_packages() -> dict[str, Converter]:
    """Return the converters of other packages; an entry point names a function or a module."""
    found: dict[str, Converter] = {}
    for entry in entry_points(group=GROUP):
        loaded = entry.load()
        marked = _of_module(loaded) if isinstance(loaded, ModuleType) else _marked(loaded)
        found |= {one.name: one for _, one in marked}
    return found


@cache
def _imported(file: Path, _digest: str) -> ModuleType:
    """Return a project's module, once for each content of its file."""
    name = f"midspan_functions_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks for its module there
    spec.loader.exec_module(module)
    return module


def _of_module(module: ModuleType) -> Iterator[tuple[Any, Converter]]:
    for value in vars(module).values():
        yield from _marked(value)


def _marked(value: Any) -> Iterator[tuple[Any, Converter]]:
    made = getattr(value, _MARK, None)
    if isinstance(made, Converter):
        yield value, made


def _first_line(function: Any) -> int:
    """Return the line where a function begins, with what decorates it; 1 where none is known."""
    return int(getattr(getattr(function, "__code__", None), "co_firstlineno", 1))


def _line_of(error: BaseException, file: Path) -> int:
    """Return the line of ``file`` where an error came about; 0 when it was none of its own."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((one.lineno or 0 for one in reversed(frames) if one.filename == str(file)), 0)
