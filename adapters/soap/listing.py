"""Calls an operation that returns records, and turns what comes into batches.

Guarantee: a page's raw elements and its rows are the same in number and order, but for rows
that the configuration says are none; each row can show its own bytes as long as its batch
lives, and no page outlives its batch.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, overload

from lxml import etree

from adapters.soap.faults import make_error
from adapters.soap.reading import Drift, Reply
from adapters.soap.rows import RowReader
from adapters.soap.scope import Scope
from adapters.soap.session import Session
from adapters.soap.spec_lists import RecordsSpec, SignSpec
from adapters.templates import Template
from midspan.kernel.errors import DriftError, ProtocolError, RecordError
from midspan.kernel.stream import Batch, Position, Reject, Row

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A raw record, what reads it, and where it stood."""

    element: etree._Element
    scope: Scope
    place: str

    @property
    def raw(self) -> bytes:
        """The record's bytes, with the name spaces it needs to stand alone."""
        return etree.tostring(self.element, encoding="utf-8", with_tail=False)

    @property
    def empty(self) -> bool:
        """Whether the element holds nothing: neither text nor child nor attribute of its own."""
        element = self.element
        data = any(not str(name).startswith("{") for name in element.attrib)
        return not (data or len(element) or (element.text or "").strip())


class Marks(Sequence[str]):
    """What identifies each record's content, by ``mark``; made only when asked for."""

    def __init__(self, found: Sequence[Found], mark: Callable[[Found], str]) -> None:
        self._found = found
        self._mark = mark

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return self._mark(self._found[at])


class Listing:
    """One operation of one stream, ready to be called."""

    def __init__(
        self,
        session: Session,
        spec: RecordsSpec,
        arguments: Template,
        stream: str,
        report: Callable[[Drift], None],
    ) -> None:
        self.session = session
        self.spec = spec
        self.arguments = arguments
        self._stream = stream
        self._held: set[str] = set()
        contract = session.service.contract
        declaration = contract.payload_declaration(spec.operation)
        self.reader = RowReader(declaration, contract.plans, spec, stream, report)

    def records(self, values: Mapping[str, Any], place: str) -> list[Found]:
        """Return all records of one call."""
        return self.found(self.ask(values), place)

    def ask(self, values: Mapping[str, Any], other: tuple[str, Template] | None = None) -> Reply:
        """Call the operation, or the ``other`` one that answers alike."""
        operation, arguments = other or (self.spec.operation, self.arguments)
        return self.session.call(operation, arguments, values)

    def found(self, reply: Reply, place: str) -> list[Found]:
        """Return the records of a reply; ``adapter.silent_loss`` when it announces more."""
        scope = self.reader.scope(reply)
        elements = self.reader.find(scope)
        told = self.number(reply, self.spec.count, "count")
        if told is not None and told > len(elements):
            raise ProtocolError(
                "adapter.silent_loss",
                f"{place} of '{self._stream}' announces {told} records and holds {len(elements)}",
                remedy="Compare the paths rows and count with a reply of the system",
            )
        return [
            Found(element, scope, f"{place}, record {at}")
            for at, element in enumerate(elements, start=1)
        ]

    def batch(self, found: Sequence[Found], columns: tuple[str, ...], position: Position) -> Batch:
        """Read records into a batch; those that cannot be read are its rejects.

        Without ``columns`` the batch has those that any of its rows has.
        """
        values: list[dict[str, Any]] = []
        kept: list[Found] = []
        rejects: list[Reject] = []
        for one in found:
            try:
                row = self.read(one)
            except RecordError as error:
                if error.code != "soap.missing":
                    rejects.append(Reject(error.code, error.message, one.raw, one.place))
                continue
            if row is not None:
                values.append(row)
                kept.append(one)
        if self.reader.names is None:
            self._held.update(name for row in values for name in row)
        names = columns or tuple(dict.fromkeys(name for row in values for name in row))
        rows: list[Row] = [tuple(map(row.get, names)) for row in values]
        return Batch(names, rows, position, rejects, lambda row: (kept[row].raw, kept[row].place))

    def read(self, found: Found) -> dict[str, Any] | None:
        """Return a record's values, None where a sign says that it is none.

        Raises what a sign means, and RecordError for a record that cannot be read.
        """
        row = self.reader.read(found.element, found.scope)
        for sign in self.spec.signs:
            told = row.get(sign.field)
            if told is not None and fnmatchcase(str(told).lower(), sign.match.lower()):
                self._meant(sign, found.place)
                return None
        return row

    def mark(self, found: Found) -> str:
        """Return what identifies a record's content, however it was written this time.

        Its bytes may differ from reply to reply: names of references, and the order of a map.
        """
        try:
            row = self.reader.read(found.element, found.scope)
            content = json.dumps(row, sort_keys=True, default=str).encode()
        except RecordError:
            content = found.raw
        return hashlib.blake2b(content, digest_size=8).hexdigest()

    def blank(self, found: Found) -> bool:
        """Return whether a record has no value in any of its fields."""
        try:
            row = self.read(found)
        except RecordError:
            return False
        return row is not None and all(value in (None, []) for value in row.values())

    def require(self, columns: tuple[str, ...]) -> None:
        """Raise DriftError where rows came, and none held a field that is wanted."""
        gone = [name for name in columns if name not in self._held] if self._held else []
        if gone:
            raise DriftError(
                "adapter.field_vanished",
                f"no row of '{self._stream}' holds a field '{gone[0]}'",
                remedy=f"{_close(gone[0], self._held)}If it is only sometimes there, write"
                " sparse: true",
            )

    def number(self, reply: Reply, path: str | None, key: str) -> int | None:
        """Return the number at a path of the reply, None without one."""
        text = reply.text(path) if path else None
        if text is None:
            return None
        if not text.isdecimal():
            raise ProtocolError(
                "soap.path",
                f"the {key} in the reply of {self.spec.operation} is no number",
                remedy=f"Correct the path of '{key}'",
            )
        return int(text)

    def _meant(self, sign: SignSpec, place: str) -> None:
        message = f"{place} of '{self._stream}' shows the sign '{sign.field}'"
        if sign.means == "warn":
            _LOG.warning("%s: left out", message)
        elif sign.means == "reject":
            raise RecordError(
                "soap.sign_rejected", message, remedy="Look at the record in the source"
            )
        elif sign.means != "skip":
            raise make_error(sign.means, "soap.sign", message, "")


def _close(name: str, held: set[str]) -> str:
    """Return a hint at the nearest name; the others may be values, if pairs are swapped."""
    found = get_close_matches(name, held, n=1)
    return f"Did you mean '{found[0]}'? " if found else ""
