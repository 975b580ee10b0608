"""Reads the documentation as data: tables, headings, fenced blocks, links.

A table that a test checks is named by an HTML comment above it, ``<!-- check: kind subject -->``,
which no reader sees; a fenced block may be named the same way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CHECK = re.compile(r"<!-- check: (?P<kind>\S+)(?: (?P<subject>[^>]+?))? -->\n+")
_NAME_ABOVE = re.compile(_CHECK.pattern + r"\Z")
_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``kind`` and ``subject`` come from the comment above it, or are empty."""

    page: Path
    line: int
    language: str
    text: str
    kind: str
    subject: str

    @property
    def name(self) -> str:
        """Return where the block stands."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(*languages: str) -> list[Block]:
    """Return the fenced blocks of some languages, in every page."""
    return [block for page in pages() for block in _blocks(page) if block.language in languages]


def checked_tables(page: Path, kind: str) -> dict[str, list[list[str]]]:
    """Return the rows of each table of a page that is named ``kind subject``, by subject."""
    text = page.read_text()
    return {
        match["subject"] or "": _rows(text[match.end() :])
        for match in _CHECK.finditer(text)
        if match["kind"] == kind
    }


def tables(page: Path) -> Iterator[list[list[str]]]:
    """Yield the rows of every table of a page, without their headers."""
    text = page.read_text()
    for match in re.finditer(r"^\|[^\n]*\n\|[-| ]+\|\n", text, re.MULTILINE):
        yield _rows(text[match.start() :])


def headings(page: Path) -> list[str]:
    """Return the headings of a page, outside of fenced blocks."""
    return _HEADING.findall(_without_blocks(page))


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, outside of fenced blocks."""
    return [first or second for first, second in _LINK.findall(_without_blocks(page))]


def section(page: Path, heading: str) -> str:
    """Return the text under a heading, up to the next one of any level."""
    text = page.read_text().split(f"{heading}\n", 1)[1]
    return re.split(r"^#{1,6} ", text, maxsplit=1, flags=re.MULTILINE)[0]


def words(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def anchor(heading: str) -> str:
    """Return the anchor that code hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        named = _NAME_ABOVE.search(text[: match.start()])
        yield Block(
            page,
            text.count("\n", 0, match.start()) + 1,
            match["language"],
            match["text"],
            (named["kind"] or "") if named else "",
            (named["subject"] or "") if named else "",
        )


def _without_blocks(page: Path) -> str:
    return _BLOCK.sub("", page.read_text())


def _rows(text: str) -> list[list[str]]:
    rows = []
    for line in text.splitlines():
        if not line.startswith("|"):
            break
        cells = _CELLS.split(line.strip().strip("|"))
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows[2:]
