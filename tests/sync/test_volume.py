"""I3: a volume far off its history is not applied, and the figures say why."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from config.model import VolumeConfig
from midspan.kernel.errors import SyncHalted
from midspan.sync.history import History, PastRun, judge_volume
from tests.fixtures_store import MakeBench
from tests.sync.bench import load

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEW = VolumeConfig(rows=10)


def slices(*reads: int, pause: timedelta = HOUR, since: timedelta = HOUR) -> History:
    """Return runs of changes, the latest first, ``pause`` apart."""
    return History(slices=[PastRun(NOW - since - pause * n, read) for n, read in enumerate(reads)])


@pytest.mark.parametrize(
    ("read", "past"),
    [
        pytest.param(900, slices(), id="the first run"),
        pytest.param(900, slices(5, 5, 5, 5), id="too few runs to tell"),
        pytest.param(49, slices(5, 3, 2, 0, 1), id="within the factor of the greatest"),
        pytest.param(9, slices(0, 0, 0, 0, 0), id="a difference of few rows"),
        pytest.param(900, slices(9, 9, 9, 9, 9, since=72 * HOUR), id="after a pause of three days"),
        pytest.param(0, slices(*[3] * 19, pause=24 * HOUR), id="zero, too few runs to tell"),
        pytest.param(0, slices(*[3] * 100), id="zero, before a week-end was seen"),
        pytest.param(0, slices(*[3, 3, 3, 3, 3, 0, 0] * 4, pause=24 * HOUR), id="a week-end"),
    ],
)
def test_ordinary_slices_pass(read: int, past: History) -> None:
    """Nothing is said where the history knows too little, or knows the like."""
    judge_volume("erp.customers", FEW, read, past, NOW, whole=False)


def test_a_flood_halts() -> None:
    """The message holds every figure that the verdict is made of."""
    with pytest.raises(SyncHalted) as halted:
        judge_volume("erp.customers", FEW, 2_000, slices(9, 4, 7, 5, 8), NOW, whole=False)

    assert halted.value.code == "sync.volume"
    for figure in ("2,000", "9 were", "5 runs", "1.0 hours", "factor 10"):
        assert figure in halted.value.message


def test_zero_halts_where_there_always_was_something() -> None:
    """Twenty runs in two weeks, each with rows; unless the sync says that zero may come."""
    past = slices(*[3] * 20, pause=24 * HOUR)

    with pytest.raises(SyncHalted) as halted:
        judge_volume("erp.customers", FEW, 0, past, NOW, whole=False)
    judge_volume("erp.customers", VolumeConfig(zero=True), 0, past, NOW, whole=False)

    assert halted.value.code == "sync.unexpected_zero"
    assert "20 runs in 19 days read 3" in halted.value.message


@pytest.mark.parametrize(
    ("read", "past", "halts"),
    [
        (900, History(), False),
        (49, History(known=100), True),
        (51, History(known=100), False),
        (201, History(known=100), True),
        (201, History([PastRun(NOW, 150)], known=100), False),
        (45, History([PastRun(NOW, 150)], known=49), False),
        (3, History(known=9), False),
    ],
)
def test_a_reading_of_every_row_is_compared_with_what_is_known(
    read: int, past: History, *, halts: bool
) -> None:
    """Half of the known rows is too few, twice as many as there ever were too many."""
    expected = pytest.raises(SyncHalted, match="a reading of every row") if halts else nullcontext()

    with expected:
        judge_volume("erp.customers", FEW, read, past, NOW, whole=True)


def test_a_shrunken_source_is_not_applied_until_it_is_allowed(make_bench: MakeBench) -> None:
    """The run halts with everything as it was; allowed once, it is applied, and remembered."""
    bench = make_bench(sync_options='{"volume": {"rows": 2}}')
    load(bench, 8)
    bench.erp.remove("customers", *range(1, 6))
    before = bench.cursor_row()

    with pytest.raises(SyncHalted, match="3 rows where 8 are known"):
        bench.sync(full_refresh=True)
    halted = bench.cursor_row()
    report = bench.sync(full_refresh=True, allow_volume=True)

    assert halted == before
    assert report.ledger["unchanged"] == 3
    assert [run["whole"] for run in bench.runs() if run["status"] == "succeeded"] == [True, True]


def test_a_flood_of_changes_is_not_applied(make_bench: MakeBench) -> None:
    """What the sync's own runs have read is the measure."""
    bench = make_bench(sync_options='{"volume": {"rows": 10, "slice_factor": 2}}')
    load(bench, 2)
    for key in range(5):
        bench.erp.put("customers", 1, name=f"Name {key}")
        bench.pass_time()
        bench.sync()
    for key in range(10, 40):
        bench.erp.put("customers", key, name="Flood")
    bench.pass_time()

    with pytest.raises(SyncHalted, match="a slice of changes holds 3"):
        bench.sync()
