"""Rows that go by sets end where they would have ended one by one."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, update

from shared_services.golden import changes, identity, model
from shared_services.golden.ingest import Ingest
from shared_services.golden.sets import GoldenSets
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench


@pytest.mark.parametrize("seed", range(2))
def test_by_sets_and_one_by_one_are_the_same(
    make_bench: MakeBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The same ids, values, origins and events, through loads, changes, merges and deletes."""
    by_sets = _history(make_bench(page=50), seed)
    _go_one_by_one(monkeypatch)
    single = Bench(tmp_path / "single", None, page=50)
    one_by_one = _history(single, seed)
    single.close()

    for step, (some, others) in enumerate(zip(by_sets, one_by_one, strict=True)):
        assert some == others, f"step {step}"


def test_two_keys_of_one_hash_are_two(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A match is decided by the keys: the hash only finds who may match."""
    for module in (identity, model):
        monkeypatch.setattr(module, "match_hash", lambda _key: 7)
    bench.erp.put("customers", 1, name="A", email="a@example.com")
    bench.erp.put("customers", 2, name="B", email="b@example.com", tax="T2")
    bench.pass_time()
    bench.sync()
    bench.crm.put("customers", "X", name="A too", email="a@example.com")
    bench.pass_time()

    bench.sync("crm.customers")

    assert bench.golden_id("X", "crm.customers") == bench.golden_id(1)
    assert bench.golden_id(2) != bench.golden_id(1)


def _go_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let plain rows be followed like careful ones, and settled ones like joint ones."""

    def follow_plain(
        self: Ingest, connection: Connection, sets: GoldenSets, _last: int, _count: int
    ) -> None:
        for keys in sets.changes.keys(connection, changes.PLAIN, 7):
            self.follow(connection, keys)

    def join_all(self: GoldenSets, connection: Connection) -> None:
        changed = self.changes.table
        settled = self.changes.goes(changes.SETTLED)
        connection.execute(update(changed).where(settled).values(way=changes.JOINT))

    monkeypatch.setattr(changes.Changes, "golden_id", lambda self, _: self.table.c.golden_id)
    monkeypatch.setattr(Ingest, "_create", follow_plain)
    monkeypatch.setattr(GoldenSets, "find_joint", join_all)


def _history(bench: Bench, seed: int) -> list[Any]:
    """Let both systems live for a while; return what the center holds after each step."""
    chance = random.Random(seed)  # noqa: S311 a history, no secret
    return [_state(bench) for _ in _steps(bench, chance)]


def _steps(bench: Bench, chance: random.Random) -> Iterator[None]:
    for step in range(3):
        for system in (bench.erp, bench.crm):
            for key in chance.sample(range(1, 31), 30 if step == 0 else 8):
                system.put("customers", key, **_values(chance, key))
            if step > 0:
                system.remove("customers", chance.randrange(1, 31))
        bench.pass_time()
        for name in ("erp.customers", "crm.customers"):
            bench.sync(name)
            yield
            bench.deletes(name)
            yield


def _values(chance: random.Random, key: int) -> dict[str, Any]:
    shared = chance.randrange(12)
    return {
        "name": f"Name {chance.choice((key, shared))}",
        "email": chance.choice((None, f"c{key}@example.com", f"s{shared}@example.com")),
        "phone": chance.choice((None, f"+43{shared}")),
        "tax": chance.choice((None, None, f"T{key}", f"T{shared}")),
        "city": chance.choice(("Wien", "Graz", None)),
    }


def _state(bench: Bench) -> Any:
    """Return source rows with their ids, records, and events in the order of their records."""
    rows = [
        (row["sync"], row["source_key"], row["golden_id"])
        for row in bench.rows(bench.customer.source)
    ]
    records = [
        {name: value for name, value in row.items() if name not in ("as_of", "deleted_at")}
        for row in bench.rows(bench.customer.golden)
        if row["deleted_at"] is None
    ]
    events = sorted(bench.events(), key=lambda one: (one.get("id", 0), one.get("sequence", 0)))
    return rows, records, events


def test_a_settled_row_follows_its_record_into_another(bench: Bench) -> None:
    """What one row of a slice brings together, another one that only changed a value follows."""
    bench.erp.put("customers", 1, name="A", email="a@example.com")
    for key in (2, 3):
        bench.erp.put("customers", key, name="B", email="b@example.com")
    bench.pass_time()
    bench.sync()
    bench.erp.put("customers", 2, name="B", email="a@example.com")
    bench.erp.put("customers", 3, name="B", email="b@example.com", city="Graz")
    bench.pass_time()

    bench.sync()

    assert list(bench.customers()) == [1]
    assert bench.customers()[1]["city"] == "Graz"
    (gone,) = (row for row in bench.rows(bench.customer.golden) if row["id"] == 2)
    assert {gone[name] for name in bench.customer.entity.field_names} == {None}
