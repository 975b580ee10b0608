"""Streets with their numbers, as one line of an address holds them.

A number stands behind the street (Hauptstraße 12a) or before it (12 bis rue de la Paix); what
follows it (Top 5, Apt 4) is the addition. A line that fits neither is a street without number:
a post box, a farm, a square in Mannheim. No part of the line is lost.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mappings.converters.registry import Function, register
from mappings.values import CACHE_SIZE

_LONGEST = 300
_NUMBER = (
    r"\d{1,5}(?:\s?[a-z](?![a-z]))?(?:\s?[-/+\u2013]\s?\d{0,5}[a-z]?(?![a-z]))*"
    r"(?:\sbis\s\d{1,5}|\s(?:bis|ter|quater)\b)?"
)
_INSIDE = (
    r"(?:top|stiege|stg|tür|tuer|haus|whg|wohnung|apt|apartment|appartement|app|unit|suite|flat|"
    r"etage|étage|stock|og|eg|bus|bte|int|interno|piso|planta|esc|puerta|m|lok|hs)\b\.?"
)
_BEHIND = re.compile(
    rf"(?P<street>[^\d,][^,]*?)[\s,]+(?:(?:nr|no|num|n°|nº|č|č\.p)\.?\s?)?(?P<number>{_NUMBER})"
    rf"(?:\s?,\s?(?P<after>.+)|\s(?P<inside>{_INSIDE}.*))?",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?P<number>{_NUMBER})[\s,]+(?P<street>[^\W\d][^,]*?)(?:\s?,\s?(?P<after>.+)|"
    rf"\s(?P<inside>{_INSIDE}\s?\d.*))?",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"(?:postfach|p\.?\s?o\.?\s?box|b\.?p\.?|apartado|casella|postbus|cp)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class StreetPartOptions:
    """``part`` is what is taken of the line: the street, its number, or what follows it."""

    part: Literal["street", "number", "addition"]


@dataclass(frozen=True, slots=True)
class Line:
    """The parts of an address's line; a part that is not there is empty."""

    street: str
    number: str = ""
    addition: str = ""


@register(
    "street_part",
    takes=(str,),
    gives="string",
    options=StreetPartOptions,
    loses="the other parts of the line",
)
def make_street_part(options: StreetPartOptions) -> Function:
    """Take the street, the house number or the addition out of one line."""

    @lru_cache(maxsize=CACHE_SIZE)
    def convert(text: str) -> str | None:
        part: str = getattr(split_street(text), options.part)
        return part or None

    return convert


def split_street(text: str) -> Line:
    """Return the parts of a line; one that is too long to be a line is a street."""
    line = " ".join(text.split())
    if len(line) > _LONGEST or _BOX.match(line):
        return Line(line)
    found = _BEFORE.fullmatch(line) or _BEHIND.fullmatch(line)
    if found is None:
        return Line(line)
    return Line(found["street"], found["number"], found["after"] or found["inside"] or "")
