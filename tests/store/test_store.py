"""Both stores behave alike: units of work, exact values, bulk loads, errors, revisions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, delete, func, insert, select
from sqlalchemy.exc import DBAPIError, StatementError

from midspan.kernel.errors import MidspanError, TransientError
from midspan.store.engine import Store, open_staging, open_store
from midspan.store.load import bulk_insert, chunked, upsert
from midspan.store.revision import Revision
from midspan.store.types import column

METADATA = MetaData(schema="shelf")
THINGS = Table(
    "things",
    METADATA,
    column("id", "integer", primary_key=True, autoincrement=False),
    column("amount", "decimal"),
    column("at", "datetime"),
    column("day", "date"),
    column("flag", "boolean"),
    column("note", "string"),
    column("tree", "json"),
    column("raw", "bytes"),
)
ONE = Revision("shelf", "1")


@pytest.fixture
def store(store_url: str | None, tmp_path: Path) -> Iterator[Store]:
    """Give a store with one table."""
    store = open_store(store_url, tmp_path, "shelf")
    store.create(METADATA, ONE)
    yield store
    store.close()


def notes(store: Store) -> list[tuple[int, Any]]:
    with store.read() as connection:
        found = connection.execute(select(THINGS.c.id, THINGS.c.note).order_by(THINGS.c.id))
        return [tuple(row) for row in found]


VALUES = [
    (Decimal("0.10"), "0.10"),
    (Decimal("12345678901234567890.000000001"), "12345678901234567890.000000001"),
    (Decimal("1E+3"), "1000"),
    (Decimal("-0.5"), "-0.5"),
]


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk", "single"])
def test_values_come_back_as_they_went_in(store: Store, *, bulk: bool) -> None:
    """Decimals exact to the digit, instants to the microsecond in UTC, bytes and trees whole."""
    east = datetime(2026, 3, 2, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=5)))
    row = (1, Decimal("10.50"), east, date(2024, 2, 29), False, "ö'\"\\\t", {"a": [1]}, b"\0\xff")
    names = [each.name for each in THINGS.columns]
    with store.write() as connection:
        if bulk:
            bulk_insert(connection, THINGS, names, [row, (2, *[None] * 7)])
        else:
            connection.execute(insert(THINGS).values(dict(zip(names, row, strict=True))))

    with store.read() as connection:
        found = connection.execute(select(THINGS).order_by(THINGS.c.id)).first()

    assert found is not None
    assert tuple(found) == (*row[:2], east.astimezone(UTC), *row[3:])
    assert str(found.amount) == "10.50"
    assert found.at.utcoffset() == timedelta(0)


def test_a_decimal_is_exact(store: Store) -> None:
    """No binary floating point comes near it, however it is loaded."""
    given = [value for value, _ in VALUES]
    with store.write() as connection:
        bulk_insert(connection, THINGS, ["id", "amount"], list(enumerate(given)))
        for key, value in enumerate(given, 10):
            connection.execute(insert(THINGS).values(id=key, amount=value))

    with store.read() as connection:
        found = connection.execute(select(THINGS.c.amount).order_by(THINGS.c.id)).scalars().all()

    assert [format(value, "f") for value in found] == [text for _, text in VALUES] * 2


def test_instants_keep_their_order(store: Store) -> None:
    """Compared in the database, whatever zone they were given in."""
    moments = [
        datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 22, 45, 0, 1, tzinfo=UTC),
    ]
    with store.write() as connection:
        bulk_insert(connection, THINGS, ["id", "at"], list(enumerate(moments)))

    with store.read() as connection:
        ordered = connection.execute(select(THINGS.c.id).order_by(THINGS.c.at)).scalars().all()

    assert ordered == [0, 2, 1]


def test_a_time_without_zone_is_a_mistake(store: Store) -> None:
    """It is refused before it is stored."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 this is what is refused
    with pytest.raises(StatementError, match="time zone"), store.write() as connection:
        connection.execute(insert(THINGS).values(id=1, at=naive))


def test_a_unit_of_work_is_kept_whole_or_not_at_all(store: Store) -> None:
    """An error anywhere in it leaves nothing behind."""

    def fail() -> None:
        with store.write() as connection:
            connection.execute(insert(THINGS).values(id=1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert notes(store) == []


def test_a_reader_sees_one_state(store: Store) -> None:
    """What others commit while it reads does not show; nor can it write."""
    with store.read() as connection:
        before = connection.execute(select(func.count()).select_from(THINGS)).scalar_one()
        with store.write() as other:
            other.execute(insert(THINGS).values(id=1))
        after = connection.execute(select(func.count()).select_from(THINGS)).scalar_one()

    assert (before, after) == (0, 0)
    assert notes(store) == [(1, None)]


def test_an_upsert_replaces(store: Store) -> None:
    """The dialects' ON CONFLICT, by one name."""
    for note in ("first", "second"):
        with store.write() as connection:
            statement = upsert(connection, THINGS).values(id=1, note=note)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["id"], set_={"note": note})
            )

    assert notes(store) == [(1, "second")]


def test_staging_is_read_beside_a_center(
    store: Store, store_url: str | None, tmp_path: Path
) -> None:
    """One transaction of the center selects from staging and writes to its own tables alone."""
    metadata = MetaData(schema="staging")
    staged = Table("a.rows", metadata, column("id", "integer"), column("note", "string"))
    staging = open_staging(store_url, tmp_path / "staging", "a")
    staging.create(metadata, Revision("a", "1"), disposable=True)
    with staging.write() as connection:
        bulk_insert(connection, staged, ["id", "note"], [(1, "x"), (2, "y")])

    for _ in range(2):
        with store.write_beside(staging) as connection:
            connection.execute(delete(THINGS))
            connection.execute(insert(THINGS).from_select(["id", "note"], select(staged)))
    staging.close()

    assert notes(store) == [(1, "x"), (2, "y")]


def test_tables_of_another_revision_are_refused(store: Store) -> None:
    """A worker that does not know what they hold does not touch them, unless they may go."""
    with pytest.raises(MidspanError) as refused:
        store.create(METADATA, Revision("shelf", "2"))
    assert refused.value.code == "store.revision"
    with store.write() as connection:
        connection.execute(insert(THINGS).values(id=1))

    store.create(METADATA, Revision("shelf", "2"), disposable=True)

    assert notes(store) == []


def test_a_store_out_of_reach_is_transient_and_names_no_password(tmp_path: Path) -> None:
    """The error says where, in words that may be logged."""
    gone = open_store("postgresql+psycopg://me:hunter2@127.0.0.1:1/db", tmp_path, "shelf")
    with pytest.raises(TransientError) as away, gone.read():
        pass
    assert away.value.code == "store.unavailable"
    assert "hunter2" not in str(away.value)
    assert "127.0.0.1:1" in str(away.value)

    broken = open_store(None, tmp_path, "broken")
    (tmp_path / "broken.db").mkdir()
    with pytest.raises(TransientError), broken.read():
        pass


def test_a_damaged_file_is_told_as_one(tmp_path: Path) -> None:
    """It does not heal by waiting: somebody has to put it back."""
    (tmp_path / "shelf.db").write_bytes(b"no database" * 1000)

    with pytest.raises(MidspanError) as caught, open_store(None, tmp_path, "shelf").read() as one:
        one.execute(select(THINGS))

    assert caught.value.code == "store.damaged"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the state's folder should be."""
    (tmp_path / "state").touch()

    with pytest.raises(TransientError, match="MIDSPAN_STATE") as refused:
        open_store(None, tmp_path / "state" / "store", "shelf")

    assert refused.value.code == "store.unavailable"
    assert str(tmp_path / "state" / "store") in str(refused.value)


def test_a_wrong_statement_is_not_transient(store: Store) -> None:
    """Our own mistakes are not repeated for ever."""
    with pytest.raises(DBAPIError), store.read() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@db/x",
        "hunter2",
        "postgresql+psycopg://me:hunter2@db:port/x",
        "postgresql+unheard_of://me:hunter2@db/x",
        "postgresql+pg8000://me:hunter2@db/x",
    ],
)
def test_only_postgresql_is_taken_for_a_server(tmp_path: Path, url: str) -> None:
    """Another database, driver or word is refused, and no password shown."""
    with pytest.raises(MidspanError, match="MIDSPAN_STORE_URL") as refused:
        open_store(url, tmp_path, "shelf")

    assert refused.value.code == "store.unsupported"
    assert "hunter2" not in str(refused.value)


def test_chunks_hold_everything_once() -> None:
    """In order, the last one shorter."""
    assert list(chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunked([], 2)) == []
