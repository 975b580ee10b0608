"""Turns the text of a simple element or attribute into a value, by its XSD type.

Guarantee: a text of the declared type becomes the value that zeep makes of it; any other
text stays as it came, so that whoever needs the type can refuse it by name. Nothing of a text
is ever logged.
"""

import base64
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from zeep.xsd.types import builtins

Convert = Callable[[str], Any]
Meaning = Literal["string", "decimal"]

UNFIT = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""What converting raises where a text is not of its type."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def convert(text: str | None, to: Convert) -> Any:
    """Return a text as a value; as it came where it is not of the type, None without any."""
    if text is None:
        return None
    try:
        return to(text)
    except UNFIT:
        return text if text.strip() else None


def converter(xsd_type: Any) -> Convert:
    """Return what converts the texts of a zeep simple type; it raises one of ``UNFIT``."""
    own = getattr(type(xsd_type), "pythonvalue", None)
    fast = _FAST.get(own)
    slow: Convert = xsd_type.pythonvalue
    if fast is None:
        return slow
    if fast is str:
        return fast

    def attempt(text: str) -> Any:
        try:
            return fast(text)
        except ValueError:
            return slow(text)

    return attempt if fast in _PARTIAL else fast


def meant(name: str, meaning: Meaning) -> Convert:
    """Return what reads the values of a type as a service means them that names a wrong one."""
    if meaning == "decimal":
        return _decimal
    return _decoded if name == "base64Binary" else str


def _decoded(text: str) -> str:
    """Return a text that was sent as bytes, for it is not ASCII: in UTF-8, else as Windows has it.

    A byte that is no character in either raises ValueError.
    """
    data = base64.b64decode(text, validate=False)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("windows-1252")


def _boolean(text: str) -> bool:
    # zeep calls everything that is not true false; a Y or N is rather shown as it is.
    return _BOOLEANS[text.strip()]


def _decimal(text: str) -> Decimal:
    return Decimal(text.strip())


def _datetime(text: str) -> datetime:
    return datetime.fromisoformat(text.strip())


def _date(text: str) -> date:
    return date.fromisoformat(text.strip())


def _time(text: str) -> time:
    return time.fromisoformat(text.strip())


# zeep's own converters for these are right and slow; those in _PARTIAL know fewer forms.
_FAST: dict[Any, Convert] = {
    builtins.String.pythonvalue: str,
    builtins.Boolean.pythonvalue: _boolean,
    builtins.Decimal.pythonvalue: _decimal,
    builtins.Double.pythonvalue: float,
    builtins.Float.pythonvalue: float,
    builtins.Long.pythonvalue: int,
    builtins.Integer.pythonvalue: int,
    builtins.DateTime.pythonvalue: _datetime,
    builtins.Date.pythonvalue: _date,
    builtins.Time.pythonvalue: _time,
    builtins.Base64Binary.pythonvalue: base64.b64decode,
}
_PARTIAL = frozenset({_datetime, _date, _time})
