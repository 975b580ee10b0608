"""Delimited files with one kind of line, whose fields a header row or the stream names."""

from collections.abc import Iterator, Sequence

from adapters.file.codec import PADDING
from adapters.file.errors import incomplete
from adapters.file.formats.base import PLACE_COLUMNS, Item, Place
from adapters.file.formats.delimited import DelimitedCutter, ragged
from adapters.file.formats.text import Source, Unit
from adapters.file.spec import FileStreamSpec
from midspan.kernel.errors import DriftError, ProtocolError, RecordError


class Table:
    """One delimited file, opened."""

    columns: tuple[str, ...]

    def __init__(self, source: Source, spec: FileStreamSpec) -> None:
        how = spec.delimited
        self._name = source.content.name
        self._source = source
        self._cutter = DelimitedCutter(spec)
        self._fill = how.fill
        self._ignored = spec.ignore
        self._begin = self._skipped(how.skip)
        self.columns = how.columns
        if how.header_row if how.header_row is not None else not how.columns:
            self._read_header(how.columns)

    def verify(self) -> int:
        """Read it through and return the number of records."""
        return sum(1 for _unit in self._units(Place()))

    def items(self, place: Place) -> Iterator[Item]:
        """Yield the records behind a place."""
        for unit in self._units(place):
            try:
                value: tuple[str | None, ...] | RecordError = self._row(unit.cells)
            except RecordError as error:
                value = error
            yield Item(unit.raw, unit.line, unit.offset, unit.end, value)

    def _units(self, place: Place) -> Iterator[Unit]:
        for unit in self._cutter.units(self._source, place if place.offset else self._begin):
            if isinstance(unit.cells, RecordError) or not self._passed_over(unit.cells):
                yield unit

    def _passed_over(self, cells: Sequence[str]) -> bool:
        if self._cutter.blank(cells, PADDING):
            return True
        return bool(self._ignored) and cells[0].startswith(self._ignored)

    def _row(self, cells: list[str] | RecordError) -> tuple[str | None, ...]:
        if isinstance(cells, RecordError):
            raise cells
        wanted = len(self.columns)
        if len(cells) == wanted + 1 and not cells[-1]:
            del cells[-1]  # each line ends with a delimiter
        if self._fill and len(cells) < wanted:
            cells += [""] * (wanted - len(cells))
        if len(cells) != wanted:
            raise ragged(len(cells), wanted)
        return tuple([self._cutter.value(cells, at) for at in range(wanted)])

    def _skipped(self, count: int) -> Place:
        place = Place()
        lines = self._source.lines(place)
        for line in lines:
            if line.number > count:
                break
            place = Place(line.number, line.next_offset)
        return place

    def _read_header(self, wanted: tuple[str, ...]) -> None:
        head = next(self._units(self._begin), None)
        if head is None:
            raise incomplete(self._name, "it lacks its header row")
        if isinstance(head.cells, RecordError):
            raise _bad_header(self._name, head.cells.message, head.cells.remedy)
        names = tuple(cell.strip() for cell in head.cells)
        names = names[:-1] if not names[-1] else names
        self._refuse_unclear(names)
        if wanted and names != wanted:
            raise _other_header(self._name, names, wanted)
        self.columns, self._begin = names, head.end

    def _refuse_unclear(self, names: Sequence[str]) -> None:
        # A row of data where the header should be must not show in a message.
        if not all(names):
            raise _bad_header(self._name, f"column {names.index('') + 1} has no name")
        for at, name in enumerate(names):
            if name in names[:at] or name in PLACE_COLUMNS:
                raise _bad_header(self._name, f"column {at + 1} has another one's name")


def _bad_header(name: str, reason: str, remedy: str = "") -> ProtocolError:
    return ProtocolError(
        "file.header",
        f"the header row of {name}: {reason}",
        remedy=remedy
        or "Have it corrected, or name the columns and set header_row: false, skip: 1",
        file=name,
    )


def _other_header(name: str, found: Sequence[str], wanted: Sequence[str]) -> DriftError:
    at = next(
        (at for at, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]),
        min(len(found), len(wanted)),
    )
    expected = f"not '{wanted[at]}'" if at < len(wanted) else "one too many"
    return DriftError(
        "file.header_changed",
        f"column {at + 1} of {name} is {expected}",
        remedy="Correct the stream's columns, or leave them out and go by the header row",
        file=name,
    )
