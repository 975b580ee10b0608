"""An interrupted staging goes on behind the last batch that is really there, or starts anew."""

from typing import Any

import pytest

from midspan.kernel.errors import ProtocolError, TransientError
from tests.sync import legacy
from tests.sync.bench import Bench


class Interrupted(TransientError):
    """The source is away for a moment."""


def interrupt(bench: Bench, after: int, error: Exception | None = None) -> None:
    """Load ten customers and break off after so many rows."""
    for key in range(1, 11):
        bench.erp.put("customers", key, name=f"Customer {key}")
    bench.pass_time()

    def stop(progress: Any) -> None:
        if progress.read >= after:
            raise error or Interrupted("test.away", "the source went away")

    with pytest.raises((Interrupted, ProtocolError)):
        bench.sync(each=stop)


def pages_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    """Run the sync; return its report and how many pages it asked the source for."""
    pages: list[str] = []
    monkeypatch.setattr(legacy, "touched", pages.append)
    return bench.sync(), len(pages)


def test_the_next_run_goes_on_behind_the_last_staged_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was staged is not read again, and counts in the ledger of the run that applies it."""
    interrupt(bench, 6)

    report, pages = pages_read(bench, monkeypatch)

    assert pages == 3
    assert (report.ledger["read"], report.ledger["inserted"]) == (10, 10)
    assert [run["status"] for run in bench.runs()] == ["failed", "succeeded"]


def test_the_ceiling_is_that_of_the_first_reading(bench: Bench) -> None:
    """Rows stamped since the slice began do not move the cursor when it is taken up later."""
    interrupt(bench, 6)
    seen = bench.erp.now
    bench.pass_time()
    bench.erp.put("customers", 11, name="Since then")
    bench.pass_time()

    report = bench.sync()

    assert report.ledger["future"] == 1
    assert (report.cursor_to or "") < f"{seen:%Y-%m-%dT%H:%M:%S}"


@pytest.mark.parametrize("what", ["mapping", "config"])
def test_a_changed_project_starts_the_slice_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Rows that were translated by another mapping or under another config are not applied."""
    interrupt(bench, 6)
    if what == "mapping":
        file = bench.folder / "home/mappings/erp_customers.yaml"
        file.write_text(file.read_text().replace("{path: city}", "{const: Wien}"))
        bench.assemble()
    else:
        bench.configure(sync_options='{"owner": "somebody"}')

    report, pages = pages_read(bench, monkeypatch)

    assert pages == 5
    assert (report.ledger["read"], report.ledger["inserted"]) == (10, 10)
    cities = {row["city"] for row in bench.customers().values()}
    assert cities == ({"Wien"} if what == "mapping" else {None})


def test_an_error_that_a_person_must_mend_starts_the_slice_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read from a source that then answered wrongly is read again."""
    interrupt(bench, 6, ProtocolError("test.wrong", "the answer made no sense"))

    report, pages = pages_read(bench, monkeypatch)

    assert pages == 5
    assert report.ledger["inserted"] == 10


def test_a_lost_staging_starts_the_slice_again(bench: Bench) -> None:
    """Staging holds nothing that cannot be read again."""
    interrupt(bench, 6)
    staging = bench.project.staging("erp.customers")
    with staging.write() as connection:
        if staging.embedded:
            connection.exec_driver_sql('DROP TABLE "erp.customers.progress"')
            connection.exec_driver_sql('DELETE FROM "erp.customers.rows"')
        else:
            connection.exec_driver_sql('TRUNCATE staging."erp.customers.rows"')
            connection.exec_driver_sql('TRUNCATE staging."erp.customers.progress"')
    staging.close()

    assert bench.sync().ledger["inserted"] == 10
