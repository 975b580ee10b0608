"""Mends bytes that no XML may hold, so that the document around them can be parsed.

Guarantee: each such byte (a control character, what is not UTF-8, a reference to no character)
is replaced by one other byte: every place in the document stays true, and the places of the
damage are known. A document in another encoding keeps the bytes that are its own.
"""

import re

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REFERENCE = re.compile(rb"&#(?:0*(\d{1,9})|[xX]0*([0-9a-fA-F]{1,8}));")
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)", re.ASCII)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


def mended(body: bytes) -> tuple[bytes, list[int]]:
    """Return the body with each byte that no XML may hold replaced, and their places."""
    if body.startswith(_WIDE):
        return body, []
    damage = [match.start() for match in _CONTROL.finditer(body)]
    forbidden = [match for match in _REFERENCE.finditer(body) if not _is_character(match)]
    mended = bytearray(_CONTROL.sub(b"?", body) if damage else body)
    for match in forbidden:
        damage.append(match.start())
        mended[match.start() : match.end()] = b"?" * (match.end() - match.start())
    clean = bytes(mended) if damage else body
    if _is_utf8(body):
        clean = _mended_text(clean, damage)
    return clean, sorted(damage)


def _mended_text(clean: bytes, damage: list[int]) -> bytes:
    try:
        clean.decode("utf-8")
    except UnicodeDecodeError:
        text = clean.decode("utf-8", "surrogateescape")
        place = 0
        for character in text:
            if "\udc80" <= character <= "\udcff":
                damage.append(place)
                place += 1
            else:
                place += len(character.encode())
        return re.sub("[\udc80-\udcff]", "?", text).encode()
    return clean


def _is_utf8(body: bytes) -> bool:
    declared = _DECLARED.match(body)
    return declared is None or declared[1].lower() in (b"utf-8", b"utf8")


def _is_character(reference: re.Match[bytes]) -> bool:
    code = int(reference[1]) if reference[1] else int(reference[2], 16)
    return code in (9, 10, 13) or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0x10FFFF
