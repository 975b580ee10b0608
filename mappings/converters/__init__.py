"""Converters: named, pure, typed functions that mappings call with ``via``.

Importing the package registers all of them. Libraries with large tables (telephone numbers,
tax ids) load when a mapping that needs them is compiled.
"""

from mappings.converters import (
    addresses,
    codes,
    contact,
    countries,
    currencies,
    names,
    numbers,
    reversals,
    tax,
    text,
    times,
    units,
)
from mappings.converters.registry import Converter, NoOptions, converters

__all__ = [
    "Converter",
    "NoOptions",
    "addresses",
    "codes",
    "contact",
    "converters",
    "countries",
    "currencies",
    "names",
    "numbers",
    "reversals",
    "tax",
    "text",
    "times",
    "units",
]
