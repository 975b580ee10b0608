"""What a converter is, and the table of all of them.

A converter is a pure function of its value (and of the values its path options name): the
same input gives the same output on every machine. It never sees a missing value, may return
None for one, and raises ``Refused`` for what it cannot convert. ``revision`` is raised when
its meaning changes, so that every mapping which uses it gets a new version.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from shared_services.contracts.entities import FieldKind

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class NoOptions:
    """A converter without options."""


@dataclass(frozen=True, slots=True)
class Converter:
    """A named conversion.

    ``options`` is its dataclass of options; those named in ``paths`` hold paths whose values
    are passed to the function after its own value. ``make`` builds the function from an
    instance of the options and raises ValueError for impossible ones. ``method`` names the
    ``str`` method that does the same and may be called in its place. A ``settled`` one gives
    texts of printable ASCII characters only.

    ``reverse`` builds the way back from the same options: a function of a canonical value, and
    of the values of ``paths``, that gives what the converter makes the same value of again.
    Without one there is no way back. ``loses`` says in words what of a source value does not
    come back; empty when nothing is lost.
    """

    name: str
    takes: tuple[type, ...]
    gives: FieldKind
    options: type
    make: Callable[[Any], Function]
    summary: str
    paths: tuple[str, ...] = ()
    method: str = ""
    settled: bool = False
    revision: int = 1
    reverse: Callable[[Any], Function] | None = None
    loses: str = ""


_CONVERTERS: dict[str, Converter] = {}
_WAYS_BACK: dict[str, tuple[Callable[[Any], Function], str]] = {}


def register(
    name: str,
    *,
    takes: tuple[type, ...],
    gives: FieldKind,
    options: type = NoOptions,
    paths: tuple[str, ...] = (),
    method: str = "",
    settled: bool = False,
    revision: int = 1,
    reverse: Callable[[Any], Function] | None = None,
    loses: str = "",
) -> Callable[[Callable[[Any], Function]], Callable[[Any], Function]]:
    """Register the decorated function as the ``make`` of the converter ``name``.

    The first line of its docstring becomes the converter's summary.
    """

    def keep(make: Callable[[Any], Function]) -> Callable[[Any], Function]:
        if name in _CONVERTERS:
            raise ValueError(f"there are two converters named {name}")
        summary = (make.__doc__ or "").strip().split("\n", 1)[0]
        _CONVERTERS[name] = Converter(
            name,
            takes,
            gives,
            options,
            make,
            summary,
            paths=paths,
            method=method,
            settled=settled,
            revision=revision,
            reverse=reverse,
            loses=loses,
        )
        return make

    return keep


def reverses(name: str, loses: str = "") -> Callable[[Callable[[Any], Function]], Any]:
    """Register the decorated function as the ``reverse`` of the converter ``name``."""

    def keep(make: Callable[[Any], Function]) -> Callable[[Any], Function]:
        _WAYS_BACK[name] = (make, loses)
        return make

    return keep


def converters() -> dict[str, Converter]:
    """Return every registered converter by name."""
    return {name: _with_way_back(one) for name, one in _CONVERTERS.items()}


@cache
def _with_way_back(converter: Converter) -> Converter:
    if converter.reverse is not None or converter.name not in _WAYS_BACK:
        return converter
    make, loses = _WAYS_BACK[converter.name]
    return replace(converter, reverse=make, loses=loses or converter.loses)
