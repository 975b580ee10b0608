"""Which keys a database may take for one and the same.

Guarantee: keys that a usual collation holds equal (case, accents, width, kana, blanks at the
end, signs it has no weight for) are alike here. More may be: whoever asks reads some rows twice
rather than leave one out.
"""

import unicodedata

from midspan.kernel.stream import Key

_UNWEIGHED = {"Mn", "Cf", "Cc"}
_BASIC_PLANE = 0xFFFF
# Letters that collations take for others, and Unicode does not take apart.
_LETTERS = str.maketrans(
    {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00f0": "d", "\u00e6": "ae", "\u0153": "oe"}
    | {"\u0131": "i", "\u00fe": "th"}
    | {chr(kana): chr(kana + 0x60) for kana in range(0x3041, 0x3097)}
)


def alike(key: Key) -> Key:
    """Return a key in a form that is the same for all keys which may count as equal."""
    return tuple(_folded(part) if isinstance(part, str) else part for part in key)


def _folded(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text.rstrip().lower().replace("ss", "s")
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = [
        # Where a collation has no weights beyond the basic plane, all are one.
        "\ufffd" if ord(sign) > _BASIC_PLANE else sign
        for sign in apart
        if unicodedata.category(sign) not in _UNWEIGHED
    ]
    return "".join(kept).translate(_LETTERS).rstrip().replace("ss", "s")
