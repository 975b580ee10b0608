"""Text: trimmed, cased, collapsed, cut, freed of markup's escapes and of control characters."""

import html
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mappings.converters.registry import Function, NoOptions, register
from mappings.paths import spelt
from mappings.values import plain_decimal, refuse

_LONGEST = 10_000
_WINDOWS = ("cp1252", "windows-1252")
_UNDEFINED = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")

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


@register("text", takes=(str, int, Decimal, bool), gives="string", revision=2)
def make_text(_options: NoOptions) -> Function:
    """Spell a number or boolean as text: 42, 9.5, true."""
    return as_text


def as_text(value: str | int | Decimal | bool) -> str:
    """Return a scalar's canonical spelling."""
    return spelt(plain_decimal(value) if isinstance(value, Decimal) else value)


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The text is cut at each ``separator``; ``part`` is counted from 0, from the end below it.

    With ``limit`` it is cut that often at most. A part that is not there is missing.
    """

    separator: str = " "
    part: int = 0
    limit: int | None = None


@register("split", takes=(str,), gives="string", options=SplitOptions, loses="the other parts")
def make_split(options: SplitOptions) -> Function:
    """Take one part of a text that is separated by a sign, trimmed."""
    if not options.separator:
        raise ValueError("'separator' is a text of at least one character")
    limit = -1 if options.limit is None else options.limit

    def split(text: str) -> str | None:
        parts = text.split(options.separator, limit)
        inside = -len(parts) <= options.part < len(parts)
        return parts[options.part].strip() if inside else None

    return split


@dataclass(frozen=True, slots=True)
class SliceOptions:
    """Characters from ``start``, counted from 0 and from the end below it, ``length`` at most."""

    start: int = 0
    length: int | None = None


@register("slice", takes=(str,), gives="string", options=SliceOptions, loses="the other characters")
def make_slice(options: SliceOptions) -> Function:
    """Cut characters out of a text by their places, as fixed-width codes need it."""
    if options.length is not None and options.length < 1:
        raise ValueError("'length' is at least 1")
    begin = options.start
    end = None if options.length is None else begin + options.length
    # The last characters end at the text's end, which has no number of its own.
    end = None if begin < 0 and end is not None and end >= 0 else end
    return lambda text: text[begin:end].strip()


@dataclass(frozen=True, slots=True)
class PadOptions:
    """``fill`` is added at ``side`` until the text has ``length`` characters."""

    length: int = 10
    fill: str = "0"
    side: Literal["left", "right"] = "left"


@register("pad", takes=(str,), gives="string", options=PadOptions)
def make_pad(options: PadOptions) -> Function:
    """Fill a text up to a length: 4711 becomes 0000004711."""
    if len(options.fill) != 1 or not 1 <= options.length <= _LONGEST:
        raise ValueError(f"'fill' is one character, 'length' is between 1 and {_LONGEST}")
    fill = str.rjust if options.side == "left" else str.ljust
    return lambda text: fill(text, options.length, options.fill)


@dataclass(frozen=True, slots=True)
class UnpadOptions:
    """``fill`` is what is cut off at ``side``; a text of nothing else keeps one."""

    fill: str = "0"
    side: Literal["left", "right"] = "left"


@register("unpad", takes=(str,), gives="string", options=UnpadOptions)
def make_unpad(options: UnpadOptions) -> Function:
    """Cut filling characters off a text: 0000004711 becomes 4711."""
    if len(options.fill) != 1:
        raise ValueError("'fill' is one character")
    cut = str.lstrip if options.side == "left" else str.rstrip
    return lambda text: cut(text, options.fill) or text[:1]


@dataclass(frozen=True, slots=True)
class ReplaceOptions:
    """Each ``find`` becomes ``by``."""

    find: str = "-"
    by: str = ""


@register("replace", takes=(str,), gives="string", options=ReplaceOptions)
def make_replace(options: ReplaceOptions) -> Function:
    """Replace each occurrence of a text by another, or by nothing."""
    if not options.find:
        raise ValueError("'find' is a text of at least one character")
    return lambda text: text.replace(options.find, options.by)


@dataclass(frozen=True, slots=True)
class NullIfOptions:
    """``values`` are the texts that a source writes where it has nothing, in any case."""

    values: tuple[str, ...]


@register("null_if", takes=(str,), gives="string", options=NullIfOptions, loses="which text it was")
def make_null_if(options: NullIfOptions) -> Function:
    """Take a source's own words for nothing as missing: -, n/a, 00000000."""
    if not options.values:
        raise ValueError("'values' names at least one text")
    nothing = frozenset(value.strip().casefold() for value in options.values)
    return lambda text: None if text.strip().casefold() in nothing else text


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """``written`` is the encoding of the bytes, ``read`` the one they were mistaken for."""

    written: str = "utf-8"
    read: str = "cp1252"


@register("repair", takes=(str,), gives="string", options=RepairOptions)
def make_repair(options: RepairOptions) -> Function:
    """Mend a text whose bytes were once read in the wrong encoding; leave any other as it is."""
    for name in (options.written, options.read):
        _known_codec(name)

    def repair(text: str) -> str:
        if text.isascii():
            return text
        try:
            return _mistaken(text, options.read).decode(options.written)
        except UnicodeError:
            return text

    return repair


def _mistaken(text: str, encoding: str) -> bytes:
    """Return a text's bytes; what Windows leaves undefined was read as a control character."""
    if encoding not in _WINDOWS:
        return text.encode(encoding)
    return b"".join(
        character.encode("latin-1" if "\x80" <= character <= "\x9f" else "cp1252")
        for character in text
    )


def misread(text: str, options: RepairOptions) -> str:
    """Return the text that ``repair`` mends to ``text``; UnicodeError where there is none."""
    mistaken = text.encode(options.written)
    if options.read not in _WINDOWS:
        return mistaken.decode(options.read)
    one_by_one = (mistaken[at : at + 1] for at in range(len(mistaken)))
    return "".join(
        byte.decode("latin-1" if byte in _UNDEFINED else "cp1252") for byte in one_by_one
    )


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """``encoding`` is a codec's name, such as cp850 or cp273."""

    encoding: str = "utf-8"


@register("decode", takes=(bytes,), gives="string", options=DecodeOptions)
def make_decode(options: DecodeOptions) -> Function:
    """Read bytes as text of an encoding; bytes that are none refuse the row."""
    _known_codec(options.encoding)

    def decode(value: bytes) -> str:
        try:
            return value.decode(options.encoding)
        except UnicodeError:
            refuse("decode", value, f"text in {options.encoding}")

    return decode


def _known_codec(name: str) -> None:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"the text encoding '{name}' is not known") from None
