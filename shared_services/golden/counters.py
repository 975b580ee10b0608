"""Numbers that are given out once: golden ids and the epoch.

They live in the center's own ``counter`` table and move in the transaction that uses them: a
run that is killed and repeated gives out the same ids, and none is ever skipped.
"""

from typing import Final

from sqlalchemy import Connection, select

from midspan.store.load import upsert
from shared_services.golden.model import GoldenModel

EPOCH: Final = "epoch"


class IdRange:
    """Ids after the last one given out; kept by the caller's transaction or not at all."""

    def __init__(self, last: int) -> None:
        self.last = last

    def take(self) -> int:
        """Return the next id."""
        self.last += 1
        return self.last


def lock_entity(connection: Connection, model: GoldenModel) -> None:
    """Let one transaction at a time change the golden records of an entity.

    To be called before the transaction writes anything: two syncs of one entity would
    otherwise not see each other's match keys, and could wait for each other's rows.
    """
    first = upsert(connection, model.state.counter).values(name=model.entity.name, value=0)
    connection.execute(first.on_conflict_do_nothing(index_elements=["name"]))
    read_counter(connection, model, model.entity.name, 0)


def read_counter(connection: Connection, model: GoldenModel, name: str, default: int) -> int:
    """Return a counter's value, ``default`` where it was never written; locks its row."""
    counter = model.state.counter
    value = connection.execute(
        select(counter.c.value).where(counter.c.name == name).with_for_update()
    ).scalar()
    return default if value is None else value


def write_counter(connection: Connection, model: GoldenModel, name: str, value: int) -> None:
    """Set a counter."""
    statement = upsert(connection, model.state.counter).values(name=name, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )
