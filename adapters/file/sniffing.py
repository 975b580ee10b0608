"""Guesses a text's format by its beginning: encoding, kind, delimiter, header row.

Nothing is decided by one sign alone: a delimiter must cut every line into as many fields.
"""

import re
from collections import Counter
from typing import Any

import msgspec

from adapters.file.codec import Codec, codec_of, known
from adapters.file.packing import Content

_DELIMITERS = ";,\t|"
_LINES = re.compile("\r\n|\n|\r|\x85")
_NUMBER = re.compile(r"[-+]?[\d.,:/ -]+")
_SAMPLE = 50
_EBCDIC_BLANK = 0x40
_CONTROLS = frozenset(range(9)) | frozenset(range(14, 26))


def sniff(content: Content, encoding: str) -> dict[str, Any]:
    """Return the keys of a stream that would read a text; no ``format`` where it is not known."""
    head = content.head
    codec = _codec(head, known(encoding))
    found: dict[str, Any] = {}
    if codec.name != codec_of(known(encoding), b"").name and not codec.mark:
        found["encoding"] = codec.name
    text = head[codec.mark :].decode(codec.name, "replace")
    return found | _format(text, len(head))


def _codec(head: bytes, encoding: str) -> Codec:
    marked = codec_of(encoding, head)
    if marked.mark or not head:
        return marked
    if _looks_wide(head):
        return Codec("utf-16-le" if not head[1] else "utf-16-be")
    if head.count(_EBCDIC_BLANK) > len(head) // 20 and sum(byte >= 0x80 for byte in head) * 2 > len(
        head
    ):
        return Codec("cp037")
    for name in dict.fromkeys((encoding, "utf-8", "cp1252", "latin-1")):
        try:
            # The last character may be cut by the sample's end.
            head[: max(len(head) - 3, 1)].decode(name)
        except UnicodeError as error:
            if getattr(error, "start", 0) < len(head) - 8:
                continue
        return Codec(name)
    return Codec("latin-1")


def _looks_wide(head: bytes) -> bool:
    return len(head) > 3 and head[:40:2].count(0) + head[1:40:2].count(0) > len(head[:40]) // 3


def _format(text: str, size: int) -> dict[str, Any]:
    begin = text.lstrip()[:1]
    if begin == "<":
        return {"format": "xml", **_xml_rows(text)}
    if begin in ("{", "["):
        return _json(text.lstrip())
    lines = [line for line in _LINES.split(text) if line.strip("\x1a ")]
    if size >= len(text) and len(lines) > 1:
        lines = lines[: _SAMPLE + 1]
    whole = lines[:-1] if len(lines) > 2 else lines
    return _delimited(whole)


def _json(text: str) -> dict[str, Any]:
    first = _LINES.split(text)[0]
    try:
        msgspec.json.decode(first)
    except (msgspec.DecodeError, UnicodeDecodeError):
        named = re.match(r'\{\s*"([^"\\.]{1,60})"\s*:\s*\[', text)
        later = re.search(r'"([^"\\.]{1,60})"\s*:\s*\[\s*\{', text)
        found = named or (later if text.startswith("{") else None)
        return {"format": "json", **({"rows": found[1]} if found else {})}
    return {"format": "jsonl" if first.startswith("{") else "json"}


def _xml_rows(text: str) -> dict[str, Any]:
    """Return the path of the first element below the root that stands there twice."""
    path: list[str] = []
    seen: Counter[tuple[str, ...]] = Counter()
    for match in re.finditer(r"<(/?)(?:[\w.-]+:)?([\w.-]+)[^<>]*?(/?)>", text):
        if match[1]:
            if path:
                path.pop()
            continue
        path.append(match[2])
        seen[tuple(path)] += 1
        if seen[tuple(path)] > 1 and len(path) > 1:
            return {"rows": ".".join(path[1:])}
        if match[3]:
            path.pop()
    return {}


def _delimited(lines: list[str]) -> dict[str, Any]:
    best = max(_DELIMITERS, key=lambda one: _steadiness(lines, one))
    if not lines or not _steadiness(lines, best):
        return {}
    found: dict[str, Any] = {"format": "tsv" if best == "\t" else "csv"}
    how: dict[str, Any] = {} if best in ",\t" else {"delimiter": best}
    names = [name.strip().strip('"') for name in lines[0].split(best)]
    header = all(names) and len(set(names)) == len(names)
    if not header or any(_NUMBER.fullmatch(name) for name in names):
        how["columns"] = tuple(f"field_{at}" for at in range(1, len(names) + 1))
    return found | ({"delimited": how} if how else {})


def _steadiness(lines: list[str], delimiter: str) -> int:
    """Return how many delimiters each line has; 0 where most lines differ."""
    counts = Counter(re.sub(r'"[^"]*"', "", line).count(delimiter) for line in lines)
    if not counts:
        return 0
    most, times = counts.most_common(1)[0]
    return most if times * 10 >= len(lines) * 8 else 0
