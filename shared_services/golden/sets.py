"""Golden records of plain and settled rows, by sets: as many statements for one row as for all.

The caller has written the source rows, plain ones with their new ids. A record that only one
live source row stands behind shows that row; records with several are left to the caller.
Events are made page by page: memory does not grow with the number of rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)

from midspan.store.load import indexed_afterwards, json_text
from shared_services.golden.changes import JOINT, SETTLED, Changes
from shared_services.golden.survivorship import EVERY

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class GoldenSets:
    """Writes the records behind the changes of one sync, at one time, in one epoch."""

    changes: Changes
    epoch: int
    as_of: datetime

    def create(self, connection: Connection, last: int) -> None:
        """Write the records of plain rows, whose ids are those after ``last``."""
        golden, source = self.changes.model.golden, self.changes.model.source
        names = self.changes.model.entity.field_names
        values = {
            "id": source.c.golden_id,
            "epoch": self._constant("epoch", self.epoch),
            "sequence": self._constant("sequence", 1),
            "as_of": self._constant("as_of", self.as_of),
            "provenance": self._provenance(connection),
            **{name: source.c[name] for name in names},
        }
        chosen = select(*(value.label(name) for name, value in values.items()))
        fresh = (source.c.sync == self.changes.sync, source.c.golden_id > last)
        with indexed_afterwards(connection, golden):
            connection.execute(insert(golden).from_select(list(values), chosen.where(*fresh)))

    def created(self, connection: Connection, last: int) -> Iterator[Sequence[Any]]:
        """Yield the records after ``last`` in pages, by column name."""
        golden = self.changes.model.golden
        chosen = select(golden).where(golden.c.id > last).order_by(golden.c.id)
        yield from _pages(connection, chosen)

    def find_joint(self, connection: Connection) -> None:
        """Find out which settled rows do not stand alone behind their records."""
        table, source = self.changes.table, self.changes.model.source
        other = source.alias("other")
        beside = exists().where(
            other.c.golden_id == table.c.golden_id,
            other.c.deleted_at.is_(None),
            or_(other.c.sync != self.changes.sync, other.c.source_key != table.c.source_key),
        )
        connection.execute(
            update(table).where(self.changes.goes(SETTLED), beside).values(way=JOINT)
        )

    def updated(self, connection: Connection) -> Iterator[Sequence[Any]]:
        """Yield the records that settled rows change, in pages: as they are, and as they will be.

        A column of the source row is called as the golden one, with ``new_`` before it.
        """
        golden, source = self.changes.model.golden, self.changes.model.source
        names = self.changes.model.entity.field_names
        chosen = select(
            *(golden.c[name] for name in ("id", "sequence", *names)),
            self._constant("epoch", self.epoch).label("new_epoch"),
            *(source.c[name].label(f"new_{name}") for name in names),
        ).where(*self._changed())
        yield from _pages(connection, chosen.order_by(golden.c.id))

    def update(self, connection: Connection) -> None:
        """Write the records that ``updated`` yielded."""
        golden, source = self.changes.model.golden, self.changes.model.source
        names = self.changes.model.entity.field_names
        connection.execute(
            update(golden)
            .where(*self._changed())
            .values(
                epoch=self.epoch,
                sequence=golden.c.sequence + 1,
                as_of=self.as_of,
                provenance=self._provenance(connection),
                **{name: source.c[name] for name in names},
            )
        )

    def _changed(self) -> tuple[ColumnElement[bool], ...]:
        model, table = self.changes.model, self.changes.table
        differs = (
            model.golden.c[name].is_distinct_from(model.source.c[name])
            for name in model.entity.field_names
        )
        return (
            self.changes.goes(SETTLED),
            self.changes.same_row,
            model.golden.c.id == table.c.golden_id,
            or_(*differs),
        )

    def _provenance(self, connection: Connection) -> ColumnElement[Any]:
        source = self.changes.model.source
        origin = json_text(connection, source.c.sync + ":" + source.c.source_key)
        return literal(f'{{"{EVERY}":') + origin + "}"

    def _constant(self, name: str, value: Any) -> ColumnElement[Any]:
        return literal(value, self.changes.model.golden.c[name].type)


def _pages(connection: Connection, chosen: "Select[Any]") -> Iterator[Sequence[Any]]:
    """Yield the rows of one statement some at a time, as the database hands them out."""
    found = connection.execute(chosen, execution_options={"yield_per": PAGE})
    yield from found.mappings().partitions()
