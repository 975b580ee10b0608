"""Replay: what was refused is translated again and applied, each row exactly once."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from midspan.kernel.errors import Conflict, UnknownName
from midspan.sync.pipeline import run_sync
from midspan.sync.quarantine import refused_rows
from midspan.sync.quarantine_replay import foresee_replay, replay
from midspan.sync.report import RunReport
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load
from tests.sync.test_kills import FORK, Counter, Scene, held

MENDED = ("{path: name, via: collapse}", "{path: city}")
KEEP = json.dumps({"on_mapping_change": "keep"})
one_store = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""For what no store has a part in."""


def refused(bench: Bench, *, city: str = "Graz") -> Bench:
    """Load a customer, then two that are refused for want of a name."""
    load(bench, 1)
    for key in (2, 3):
        bench.erp.put("customers", key, name="", city=city, email=f"c{key}@example.com")
    bench.pass_time()
    bench.sync()
    bench.forget_events()
    return bench


def mend(bench: Bench, old: str = MENDED[0], new: str = MENDED[1]) -> None:
    """Change the ERP's mapping of customers."""
    file = bench.folder / "home/mappings/erp_customers.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    bench.assemble()


def again(bench: Bench, **chosen: Any) -> RunReport:
    """Replay the ERP's refused customers after a moment."""
    bench.pass_time()
    return replay(bench.project, "erp.customers", options=bench.options(), **chosen)


def outcomes(bench: Bench, **chosen: Any) -> list[str]:
    return [one.outcome for one in foresee_replay(bench.project, "erp.customers", **chosen)]


def test_a_mended_mapping_applies_what_was_kept(make_bench: MakeBench) -> None:
    """From the record as it came, though the source has it no more; events, ledger, cursor."""
    bench = refused(make_bench(sync_options=KEEP))
    cursor = bench.cursor_row()
    bench.erp.remove("customers", 2, 3)
    mend(bench)

    report = again(bench)

    assert (report.kind, report.ledger["read"], report.ledger["inserted"]) == ("replay", 2, 2)
    assert report.ledger.balanced
    assert bench.quarantine() == []
    assert [bench.customers()[key]["name"] for key in (2, 3)] == ["Graz", "Graz"]
    assert sorted(verb for verb, _ in bench.verbs()) == ["created", "created"]
    assert {name: cursor[name] for name in ("version", "value", "parts")}.items() <= (
        bench.cursor_row().items()
    )
    assert bench.runs()[-1]["kind"] == "replay"


@one_store
def test_a_second_replay_does_nothing(make_bench: MakeBench) -> None:
    """What was applied is out of the quarantine."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench)
    again(bench)
    bench.forget_events()

    report = again(bench)

    assert (report.ledger["read"], bench.events()) == (0, [])


def test_the_preview_changes_nothing(make_bench: MakeBench) -> None:
    """It says of each row what a replay would do, by the mapping as it is now."""
    bench = refused(make_bench(sync_options=KEEP))
    before = outcomes(bench)
    mend(bench)
    tables = bench.project.centers["user_center"].metadata.sorted_tables
    held_before = [bench.rows(table) for table in tables]

    foreseen = outcomes(bench)

    assert (before, foreseen) == (["refused", "refused"], ["inserted", "inserted"])
    assert [bench.rows(table) for table in tables] == held_before


@one_store
def test_what_is_still_wrong_stays(bench: Bench) -> None:
    """With its bytes and the first time it was seen; the reason is today's."""
    refused(bench)
    kept = bench.quarantine()

    report = again(bench)

    assert report.ledger["quarantined"] == report.ledger["read"] == 2
    assert [row["raw"] for row in bench.quarantine()] == [row["raw"] for row in kept]
    assert [row["first_seen"] for row in bench.quarantine()] == [row["first_seen"] for row in kept]
    assert {row["run_id"] for row in bench.quarantine()} == {report.run_id}


def test_newer_data_is_never_overwritten(make_bench: MakeBench) -> None:
    """A kept row whose stamp is before the stored one's counts as stale, and is let go."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench)
    entry = bench.quarantine()[0]
    bench.erp.put("customers", 2, name="", city="Linz")
    bench.pass_time()
    bench.sync()
    _put_back(bench, entry)

    older = entry["id"] + 100

    foreseen = outcomes(bench, ids=[older])
    report = again(bench, ids=[older])

    assert foreseen == ["stale"]
    assert (report.ledger["read"], report.ledger["stale"]) == (1, 1)
    assert report.ledger.balanced
    assert bench.customers()[bench.golden_id(2)]["name"] == "Linz"
    assert [row["source_key"] for row in bench.quarantine()] == ["1"]


@one_store
def test_a_row_that_was_read_well_is_not_replayed(make_bench: MakeBench) -> None:
    """The source mended it first; a listing from before names what is no more there."""
    bench = refused(make_bench(sync_options=KEEP))
    entry = refused_rows(bench.project, bench.project.sync("erp.customers"))[0]
    bench.erp.put("customers", 2, name="Mended at home")
    bench.pass_time()
    bench.sync()

    with pytest.raises(UnknownName) as unknown:
        again(bench, ids=[entry.id])

    assert unknown.value.code == "quarantine.unknown"
    assert bench.customers()[2]["name"] == "Mended at home"


@one_store
def test_what_a_filter_leaves_out_leaves_the_quarantine(make_bench: MakeBench) -> None:
    """It is accounted for as filtered."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench, "city, equals: Nowhere", "city, equals: Graz")

    foreseen = outcomes(bench)
    report = again(bench)

    assert foreseen == ["filtered", "filtered"]
    assert (report.ledger["filtered"], bench.quarantine()) == (2, [])


@one_store
def test_a_column_that_was_not_read_is_read_by_key(make_bench: MakeBench) -> None:
    """A mended mapping that wants another column gets it from the source, row by row."""
    bench = refused(make_bench(sync_options=KEEP))
    for one in bench.quarantine():
        _without(bench, one["id"], "city")
    mend(bench)

    foreseen = outcomes(bench)
    report = again(bench)

    assert foreseen == ["reread", "reread"]
    assert report.ledger["inserted"] == 2
    assert bench.quarantine() == []


@one_store
def test_some_rows_are_chosen(make_bench: MakeBench) -> None:
    """By code or by entry; the others stay."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench)
    first = bench.quarantine()[0]["id"]

    report = again(bench, ids=[first], codes=["mapping.required"])

    assert report.ledger["inserted"] == 1
    assert [row["id"] for row in bench.quarantine()] == [first + 1]


@one_store
def test_a_row_without_key_that_gets_one_leaves_its_entry(bench: Bench) -> None:
    """A key that was taken from the wrong column is mended in the stream."""
    load(bench, 1)
    bench.erp.add("customers", "", name="One", tax="T1")
    bench.pass_time()
    bench.sync()
    bench.configure(key_type="tax", sync_options=KEEP)

    report = again(bench)

    assert (report.ledger["inserted"], bench.quarantine()) == (1, [])


@one_store
def test_two_workers_do_not_replay_at_once(make_bench: MakeBench) -> None:
    """Whoever holds the sync's lease goes first."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench)
    seen: list[str] = []

    def meanwhile(_progress: object) -> None:
        with pytest.raises(Conflict) as busy:
            replay(bench.project, "erp.customers", options=bench.options())
        seen.append(busy.value.code)

    run_sync(bench.project, "erp.customers", bench.options(), meanwhile)

    assert set(seen) == {"sync.busy"}


@one_store
def test_a_replay_leaves_a_broken_off_slice_alone(make_bench: MakeBench) -> None:
    """What the live run had staged is resumed afterwards."""
    bench = refused(make_bench(sync_options=KEEP))
    mend(bench)
    for key in range(10, 20):
        bench.erp.put("customers", key, name="", city="Enns")
    bench.pass_time()
    pages: list[int] = []

    def break_off(progress: Any) -> None:
        pages.append(progress.read)
        if len(pages) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.sync(each=break_off)
    again(bench)
    resumed: list[int] = []
    report = bench.sync(each=lambda progress: resumed.append(progress.read))

    assert resumed[0] > pages[-1]
    assert report.ledger["inserted"] == 10


def test_a_replay_killed_at_any_touch_applies_each_row_once(
    scripted_adapter: None, tmp_path: Path
) -> None:
    """Rows, golden ids, quarantine and events per key are those of an undisturbed replay."""
    scene = Scene(tmp_path, None)
    scene.bench.configure(sync_options=KEEP)
    refused(scene.bench)
    scene.bench.erp.put("customers", 4, name="", city="")
    scene.bench.pass_time()
    scene.bench.sync()
    mend(scene.bench)
    scene.keep()
    counter = Counter()
    with counter.counting():
        again(scene.play())
    expected = held(scene.bench)
    assert [row["source_key"] for row in scene.bench.quarantine()] == ["4"]

    for fatal in range(1, counter.count, 3):
        bench = scene.play()
        bench.close()
        child = FORK.Process(target=_until, args=(bench, fatal))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, fatal
        again(bench)

        assert _once(held(bench)) == _once(expected), f"killed at touch {fatal}"
    scene.close()


def _once(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is held without the counts of lookback readings."""
    return {name: value for name, value in found.items() if name != "sync_lag"}


def _until(bench: Bench, fatal: int) -> None:
    with Counter(fatal).counting():
        again(bench)


def _put_back(bench: Bench, entry: dict[str, Any]) -> None:
    """Keep a refused row again, as an older reading beside the live one leaves it."""
    with bench.store.write() as connection:
        connection.execute(
            bench.customer.state.quarantine.insert().values(entry | {"id": entry["id"] + 100})
        )


def _without(bench: Bench, entry: int, column: str) -> None:
    """Forget a column of what was kept, as if the mapping had not read it then."""
    table = bench.customer.state.quarantine
    with bench.store.write() as connection:
        kept = connection.execute(
            table.select().where(table.c.id == entry).with_only_columns(table.c.record)
        ).scalar_one()
        columns, values = json.loads(kept)
        place = columns.index(column)
        del columns[place], values[place]
        record = json.dumps([columns, values]).encode()
        connection.execute(table.update().where(table.c.id == entry).values(record=record))
