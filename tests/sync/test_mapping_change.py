"""What becomes of rows when their mapping comes to mean something else."""

import signal
from pathlib import Path

import pytest

from midspan.cli.queries import sync_status
from midspan.kernel.errors import MidspanError, TransientError
from tests.fixtures_store import MakeBench
from tests.sync.bench import Bench, load
from tests.sync.test_kills import FORK, Counter, Scene, held

UPPER = ("{path: city}", "{path: city, via: upper}")


def loaded(make_bench: MakeBench, mode: str = "backfill", count: int = 5) -> Bench:
    """Load some customers of which every other one has a city in lower case; forget the events."""
    bench = make_bench(sync_options=f'{{"on_mapping_change": "{mode}"}}')
    for key in range(1, count + 1):
        city = "graz" if key % 2 else "LINZ"
        bench.erp.put("customers", key, name=f"Customer {key}", city=city)
    bench.pass_time()
    bench.sync()
    bench.forget_events()
    return bench


def change(bench: Bench, old: str, new: str) -> None:
    """Change the ERP's mapping of customers."""
    file = bench.folder / "home/mappings/erp_customers.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    bench.assemble()


def older(bench: Bench) -> int:
    status = sync_status(bench.project, bench.project.sync("erp.customers"))
    return int(status["older_rows"])


def test_backfill_reads_everything_again(make_bench: MakeBench) -> None:
    """An event goes out for exactly the rows that the new mapping makes other values of."""
    bench = loaded(make_bench)
    change(bench, *UPPER)

    report = bench.sync()

    assert report.remapped
    assert (report.ledger["read"], report.ledger["updated"]) == (5, 3)
    assert [verb for verb in bench.verbs() if verb[0] != "updated"] == []
    assert [event["changed"] for event in bench.events()] == [["city"]] * 3
    assert {row["city"] for row in bench.customers().values()} == {"GRAZ", "LINZ"}
    assert older(bench) == 0


def test_a_backfill_is_done_once(make_bench: MakeBench) -> None:
    """The run after it goes on from the cursor."""
    bench = loaded(make_bench)
    bench.pass_time()
    bench.erp.put("customers", 9, name="Later")
    bench.pass_time()
    change(bench, *UPPER)
    bench.sync()

    report = bench.sync()

    assert not report.remapped
    assert report.ledger["read"] == report.ledger["unchanged"] == 1


def test_keep_leaves_rows_as_they_came(make_bench: MakeBench) -> None:
    """Until the source changes one; status counts the others."""
    bench = loaded(make_bench, "keep")
    bench.pass_time()
    bench.erp.put("customers", 9, name="Later", city="WELS")
    bench.pass_time()
    bench.sync()
    bench.forget_events()
    change(bench, *UPPER)

    bench.pass_time()
    bench.erp.put("customers", 1, name="Customer 1", city="enns")
    bench.pass_time()
    report = bench.sync()

    assert not report.remapped
    assert bench.customers()[1]["city"] == "ENNS"
    assert bench.customers()[3]["city"] == "graz"
    assert [event["id"] for event in bench.events()] == [1]
    assert older(bench) == 6 - report.ledger["read"]


def test_what_was_kept_is_read_again_when_it_is_asked_for(make_bench: MakeBench) -> None:
    """Also when runs of the new mapping went by meanwhile, and the old mapping came back."""
    bench = loaded(make_bench, "keep")
    change(bench, *UPPER)
    bench.pass_time()
    bench.erp.put("customers", 1, name="Customer 1", city="enns")
    bench.pass_time()
    bench.sync()
    change(bench, UPPER[1], UPPER[0])

    bench.configure(sync_options='{"on_mapping_change": "backfill"}')
    report = bench.sync()

    assert report.remapped
    assert bench.customers()[1]["city"] == "enns"
    assert older(bench) == 0


def test_rows_that_came_by_two_mappings_are_read_again_as_well(make_bench: MakeBench) -> None:
    """A run of the new mapping that kept the others does not count for all."""
    bench = loaded(make_bench, "keep")
    change(bench, *UPPER)
    bench.pass_time()
    bench.erp.put("customers", 1, name="Customer 1", city="enns")
    bench.pass_time()
    bench.sync()
    bench.configure(sync_options='{"on_mapping_change": "backfill"}')
    change(bench, *UPPER)

    report = bench.sync()

    assert report.remapped
    assert bench.customers()[3]["city"] == "GRAZ"


def test_the_same_meaning_reads_nothing_again(make_bench: MakeBench) -> None:
    """A comment or an example is no new mapping."""
    bench = loaded(make_bench)
    change(bench, "ignore: [id, changed]", "# seen\nignore: [id, changed, seen]")

    report = bench.sync()

    assert not report.remapped
    assert bench.events() == []
    assert older(bench) == 0


def test_a_backfill_that_broke_off_goes_on(make_bench: MakeBench) -> None:
    """Its second run reads what is left; nothing is doubled, and it counts as done."""
    bench = loaded(make_bench, count=12)
    change(bench, *UPPER)
    seen: list[int] = []

    def break_off(progress: object) -> None:
        seen.append(progress.read)  # type: ignore[attr-defined]  # a Progress
        if len(seen) == 2:
            raise TransientError("test.broken", "the line is cut")

    with pytest.raises(MidspanError):
        bench.sync(each=break_off)
    assert older(bench) == 12
    pages: list[int] = []
    report = bench.sync(each=lambda progress: pages.append(progress.read))

    assert report.remapped
    assert pages[0] > seen[-1]
    assert (report.ledger["read"], report.ledger["updated"]) == (12, 6)
    assert len(bench.events()) == 6
    assert not bench.sync().remapped


def test_a_dry_run_leaves_the_backfill_to_do(make_bench: MakeBench) -> None:
    """It says what would change and keeps nothing."""
    bench = loaded(make_bench)
    change(bench, *UPPER)

    report = bench.sync(dry_run=True)

    assert (report.remapped, report.ledger["updated"]) == (True, 3)
    assert older(bench) == 5
    assert bench.sync().remapped


def test_a_first_load_is_no_backfill(make_bench: MakeBench) -> None:
    """What has never been read is read anyway."""
    bench = make_bench()
    load(bench, 2)

    assert not bench.sync().remapped


def test_a_backfill_killed_at_any_touch_is_as_good_as_an_undisturbed_one(
    scripted_adapter: None, tmp_path: Path
) -> None:
    """Rows, versions, golden records and events per key are the same, and it counts as done."""
    scene = Scene(tmp_path, None)
    for key in range(1, 6):
        scene.bench.erp.put("customers", key, name=f"Customer {key}", city="graz")
    scene.bench.pass_time()
    scene.bench.sync()
    change(scene.bench, *UPPER)
    scene.keep()
    counter = Counter()
    with counter.counting():
        scene.play().sync()
    expected = held(scene.bench)
    assert {row["city"] for row in scene.bench.customers().values()} == {"GRAZ"}

    for fatal in range(1, counter.count, 4):
        bench = scene.play()
        bench.close()
        child = FORK.Process(target=_until, args=(bench, fatal))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL, fatal
        bench.sync()

        assert held(bench) == expected, f"killed at touch {fatal}"
        assert older(bench) == 0
    scene.close()


def _until(bench: Bench, fatal: int) -> None:
    with Counter(fatal).counting():
        bench.sync()
