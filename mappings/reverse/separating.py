"""Takes a text apart again that a mapping put together.

Guarantee: only where it can be told which part is which. Parts that stand beside each other,
or with nothing but white space between, cannot be told apart: a name of three words is not
known to be one and two, or two and one.
"""

import re
from collections.abc import Callable, Sequence

from mappings.values import Refused

Pieces = tuple[str, ...]


def separator(literals: Sequence[str]) -> Callable[[str], Pieces]:
    """Return a function that gives the parts between ``literals``.

    Of literals there is one more than of parts; the first and the last may be empty. Raises
    ValueError when the parts cannot be told apart. The function raises Refused
    ``mapping.reverse.value`` for a text that is not put together like this.
    """
    if not all(one.strip() for one in literals[1:-1]):
        raise ValueError("its parts cannot be told apart again")
    pattern = re.escape(literals[0])
    for literal in literals[1:]:
        sign = re.escape(literal)
        inner = f"(?:(?!{sign}).)+" if literal else ".+"
        pattern += f"({inner}){sign}"
    shape = re.compile(pattern, re.DOTALL)

    def separate(text: str) -> Pieces:
        found = shape.fullmatch(text)
        if found is None:
            raise Refused("mapping.reverse.value", "the text does not have the parts it needs")
        return found.groups()

    return separate
