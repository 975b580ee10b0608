"""Converters: named, pure, typed functions that mappings call with ``via``.

Importing the package registers all of them. Libraries with large tables (telephone numbers,
tax ids) load when a mapping that needs them is compiled.
"""

from mappings.converters import codes, contact, numbers, tax, text, times
from mappings.converters.registry import Converter, NoOptions, converters

__all__ = [
    "Converter",
    "NoOptions",
    "codes",
    "contact",
    "converters",
    "numbers",
    "tax",
    "text",
    "times",
]
