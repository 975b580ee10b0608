"""An app applies each event once, and never an older one over a newer."""

import sqlite3
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from shared_services.client import MemoryPositions, Positions, SqlitePositions
from shared_services.contracts.events import EntityEvent


def event(epoch: int, sequence: int, id_: int = 1, entity: str = "customer") -> EntityEvent:
    """Return an event of one record."""
    return EntityEvent(entity=entity, id=id_, epoch=epoch, sequence=sequence, verb="updated")


@pytest.fixture(params=[MemoryPositions, lambda: SqlitePositions(sqlite3.connect(":memory:"))])
def positions(request: pytest.FixtureRequest) -> Positions:
    """Every implementation keeps the same promises."""
    make: Callable[[], Positions] = request.param
    return make()


def test_a_duplicate_is_dropped(positions: Positions) -> None:
    """The second delivery of an event is not applied."""
    assert [positions.advance(event(1, 1)), positions.advance(event(1, 1))] == [True, False]


def test_whatever_the_order_the_newest_stands(positions: Positions) -> None:
    """After events in any order, nothing older than the newest is accepted."""
    steps = [(1, 1), (1, 2), (2, 1)]
    for id_, order in enumerate(permutations(steps)):
        accepted = [step for step in order if positions.advance(event(*step, id_=id_))]

        assert accepted == sorted(accepted)
        assert accepted[-1] == (2, 1)


def test_a_new_epoch_begins_anew(positions: Positions) -> None:
    """After a restore the epoch is higher, and lower sequences count again."""
    positions.advance(event(1, 900))

    assert positions.advance(event(2, 1))
    assert not positions.advance(event(1, 901))


def test_records_do_not_disturb_each_other(positions: Positions) -> None:
    """Positions are kept for each entity and id."""
    positions.advance(event(1, 5))

    assert positions.advance(event(1, 1, id_=2))
    assert positions.advance(event(1, 1, entity="product"))


def test_the_position_is_kept_with_the_read_model_or_not_at_all(tmp_path: Path) -> None:
    """A transaction that fails takes the position back, so that the event is applied later."""
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    positions = SqlitePositions(connection)
    connection.execute("CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")

    def apply_wrongly() -> None:
        with connection:
            assert positions.advance(event(1, 1))
            connection.execute("INSERT INTO names VALUES (1, NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        apply_wrongly()
    with connection:
        again = positions.advance(event(1, 1))
        connection.execute("INSERT INTO names VALUES (1, 'Ann')")
    connection.close()

    reopened = sqlite3.connect(tmp_path / "shop.sqlite")
    assert again
    assert not SqlitePositions(reopened).advance(event(1, 1))
    reopened.close()


def test_memory_forgets_the_records_told_of_longest_ago() -> None:
    """It does not grow with the number of records; what it forgot may come again."""
    positions = MemoryPositions(limit=2)
    for id_ in (2, 1, 3):
        positions.advance(event(1, 9, id_=id_))

    assert not positions.advance(event(1, 9, id_=1))
    assert not positions.advance(event(1, 9, id_=3))
    assert positions.advance(event(1, 9, id_=2))


def test_what_failed_is_not_remembered(positions: Positions) -> None:
    """A block that raises leaves the event to be applied later, once."""
    with pytest.raises(OSError, match="half-way"), positions.once(event(1, 1)):
        raise OSError("half-way")

    newer = []
    for _ in range(2):
        with positions.once(event(1, 1)) as one:
            newer.append(one)
    assert newer == [True, False]
