"""Text: trimmed, cased, collapsed, freed of markup's escapes and of control characters."""

import html
import re
from decimal import Decimal

from mappings.converters.registry import Function, NoOptions, register
from mappings.paths import spelt
from mappings.values import plain_decimal

# Cs and Cc without tab and line breaks; the latter are text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@register("trim", takes=(str,), gives="string", method="strip")
def make_trim(_options: NoOptions) -> Function:
    """Cut white space off both ends; what is empty then is missing."""
    return str.strip


@register("lower", takes=(str,), gives="string", method="lower")
def make_lower(_options: NoOptions) -> Function:
    """Put into lower case."""
    return str.lower


@register("upper", takes=(str,), gives="string", method="upper")
def make_upper(_options: NoOptions) -> Function:
    """Put into upper case."""
    return str.upper


@register("collapse", takes=(str,), gives="string")
def make_collapse(_options: NoOptions) -> Function:
    """Trim, and replace each run of white space by one space."""
    return collapse


def collapse(text: str) -> str:
    """Return ``text`` with single spaces between its words."""
    return " ".join(text.split())


@register("clean", takes=(str,), gives="string")
def make_clean(_options: NoOptions) -> Function:
    """Unescape HTML entities and drop control characters; tabs and line breaks stay."""
    return clean


def clean(text: str) -> str:
    """Return ``text`` without escapes and control characters."""
    return _CONTROLS.sub("", html.unescape(text))


@register("text", takes=(str, int, Decimal, bool), gives="string")
def make_text(_options: NoOptions) -> Function:
    """Spell a number or boolean as text: 42, 9.5, true."""
    return as_text


def as_text(value: str | int | Decimal | bool) -> str:
    """Return a scalar's canonical spelling."""
    return spelt(plain_decimal(value) if isinstance(value, Decimal) else value)
