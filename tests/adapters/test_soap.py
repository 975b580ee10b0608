"""The soap adapter, configured by config/systems/crm.yaml alone, against the running CRM."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.soap import SoapAdapter
from config.connections import parse_connection
from config.tree import read_tree
from examples.company.crm import truth
from examples.company.crm.changes import Clerk
from midspan.kernel.errors import AccessDenied, ConfigurationError, TransientError
from midspan.kernel.stream import Batch, Slice
from tests.adapters.soap_site import CountingGate, make_adapter
from tests.fixtures_crm import ROOT, RunningCrm, running_crm

SYSTEM = ROOT / "config" / "systems" / "crm.yaml"
FIELDS = (
    *("CUST_NO", "KIND", "NAME1", "NAME2", "MAIL", "TEL", "UID_NR", "STR", "PLZ", "ORT", "LAND"),
    *("SPRACHE", "MARKETING_OK", "DEL_FLAG", "CRT_TS", "CHG_TS"),
)


def open_crm(crm: RunningCrm, cache: Path, password: str | None = None) -> SoapAdapter:
    address = crm.url.replace("://", f"://{crm.user}:{password or crm.password}@")
    connection = parse_connection("midspan_crm", address)
    return make_adapter(read_tree(SYSTEM), connection, cache, FIELDS)


@pytest.fixture
def adapter(crm: RunningCrm, tmp_path: Path) -> Iterator[SoapAdapter]:
    with closing(open_crm(crm, tmp_path)) as adapter:
        yield adapter


@pytest.fixture
def busy_crm(tmp_path: Path) -> Iterator[RunningCrm]:
    """Serve a CRM of one test's own, which it may change."""
    with running_crm(tmp_path / "busy.sqlite") as running:
        yield running


def rows(batches: Iterator[Batch] | list[Batch]) -> list[dict[str, object]]:
    found = []
    for batch in batches:
        found += [dict(zip(batch.columns, row, strict=True)) for row in batch.rows]
    return found


def as_stored(row: dict[str, object]) -> dict[str, object]:
    created = row["CRT_TS"]
    return row | {"CRT_TS": created.isoformat() if isinstance(created, datetime) else created}


def test_a_full_read_equals_what_the_database_holds(adapter: SoapAdapter, crm: RunningCrm) -> None:
    """Every row and every value, also those that must be refused later; sessions end midway."""
    read = sorted(rows(adapter.read("customers", Slice())), key=lambda row: str(row["CUST_NO"]))

    assert [as_stored(row) for row in read] == truth.customers(crm.db)


def test_an_incremental_read_begins_at_its_lower_bound(
    adapter: SoapAdapter, crm: RunningCrm
) -> None:
    """The lower bound is inclusive and goes into the source's own filter."""
    lower = "2025-03-01T00:00:00"

    read = rows(adapter.read("customers", Slice(lower=lower)))

    expected = {row["CUST_NO"] for row in truth.customers(crm.db) if (row["CHG_TS"] or "") >= lower}
    assert {row["CUST_NO"] for row in read} == expected
    assert 0 < len(expected) < 180


def test_every_position_yields_the_rest(adapter: SoapAdapter) -> None:
    """A run killed after any batch is resumed by another without a loss."""
    batches = list(adapter.read("customers", Slice()))
    everything = {str(row["CUST_NO"]) for row in rows(batches)}

    for at, batch in enumerate(batches):
        position = json.loads(json.dumps(batch.position))
        rest = rows(adapter.read("customers", Slice(), position))
        seen = {str(row["CUST_NO"]) for row in rows(batches[: at + 1]) + rest}
        assert seen == everything


def test_edits_and_deletes_while_paging_lose_nothing(busy_crm: RunningCrm, tmp_path: Path) -> None:
    """Rows that were read move to the end or vanish; no other row slips through."""
    before = {row["CUST_NO"] for row in truth.customers(busy_crm.db)}
    read: list[dict[str, object]] = []
    with (
        closing(open_crm(busy_crm, tmp_path)) as adapter,
        Clerk(busy_crm.wsdl, busy_crm.user, busy_crm.password) as clerk,
    ):
        for batch in adapter.read("customers", Slice()):
            page = rows([batch])
            read += page
            if page and len(read) < 150:
                clerk.delete(str(page[0]["CUST_NO"]))
                for row in page[1:6]:
                    clerk.edit(str(row["CUST_NO"]), {"ORT": "Linz"})

    assert {row["CUST_NO"] for row in read} >= before


def test_a_session_that_ends_midway_is_renewed(busy_crm: RunningCrm, tmp_path: Path) -> None:
    """Seven calls are a session's life here; three reads of five pages need more."""
    with closing(open_crm(busy_crm, tmp_path)) as adapter:
        counts = [len(rows(adapter.read("customers", Slice()))) for _ in range(3)]

    assert counts == [180, 180, 180]


def test_the_key_list_is_complete(adapter: SoapAdapter, crm: RunningCrm) -> None:
    """Delete detection sees every key exactly as the rows carry it."""
    keys = [key for page in adapter.keys("customers") for key in page]

    assert sorted(keys) == [(row["CUST_NO"],) for row in truth.customers(crm.db)]


def test_single_records_are_read_by_key(adapter: SoapAdapter) -> None:
    """A key that the system no longer has is left out; the others come."""
    wanted = Slice(keys=(("000003",), ("999999",), ("000001",)))

    read = rows(adapter.read("customers", wanted))

    assert [row["CUST_NO"] for row in read] == ["000003", "000001"]


def test_an_origin_shows_the_rows_own_bytes_and_place(adapter: SoapAdapter) -> None:
    """A refused row can be shown as it came, and found again."""
    batch = next(adapter.read("customers", Slice()))

    raw, place = batch.origin(16)

    assert f"<crm:CUST_NO>{batch.rows[16][0]}</crm:CUST_NO>".encode() in raw
    assert place == "page 1 of size 50, record 17"


def test_the_source_tells_its_own_time(adapter: SoapAdapter) -> None:
    """Local time without a zone becomes an instant."""
    now = adapter.now()

    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_check_reads_rows_and_keys(adapter: SoapAdapter) -> None:
    """What passes the check can be synced."""
    report = adapter.check()

    assert report.ok
    assert [check.stream for check in report.streams] == ["customers"]


def test_a_second_start_uses_the_kept_wsdl(crm: RunningCrm, tmp_path: Path) -> None:
    """The WSDL is fetched once; later starts take it from the disk."""
    with closing(open_crm(crm, tmp_path)) as first:
        first.check()
    with closing(open_crm(crm, tmp_path)) as second:
        second.check()
        gate = second._context.gate
        calls = gate.calls if isinstance(gate, CountingGate) else 0

    assert calls == 3  # login, a page of rows, a page of keys; no WSDL


def test_a_locked_database_is_a_passing_failure(busy_crm: RunningCrm, tmp_path: Path) -> None:
    """E-BUSY asks for a retry and, when it stays, says so."""
    with closing(open_crm(busy_crm, tmp_path)) as adapter:
        adapter.check()
        with closing(sqlite3.connect(busy_crm.db)) as lock:
            lock.execute("BEGIN EXCLUSIVE")

            with pytest.raises(TransientError, match="E-BUSY") as caught:
                list(adapter.read("customers", Slice()))

    assert caught.value.code == "soap.result_busy"


def test_a_wrong_password_is_told_without_telling_it(
    crm: RunningCrm, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault becomes AccessDenied; the password shows nowhere."""
    caplog.set_level(logging.DEBUG)
    with (
        closing(open_crm(crm, tmp_path, password="wrong-4711")) as adapter,  # noqa: S106 it is wrong
        pytest.raises(AccessDenied) as caught,
    ):
        adapter.check()

    assert caught.value.code == "soap.fault_denied"
    assert "login and password" in caught.value.remedy
    assert "wrong-4711" not in caplog.text + str(caught.value)


def test_neither_password_nor_session_is_logged(
    adapter: SoapAdapter, crm: RunningCrm, caplog: pytest.LogCaptureFixture
) -> None:
    """A whole read with everything logged shows no secret and no customer."""
    caplog.set_level(logging.DEBUG)

    read = rows(adapter.read("customers", Slice()))

    assert crm.password not in caplog.text
    assert adapter._session._told["session"] not in caplog.text
    assert str(read[0]["NAME1"]) not in caplog.text


def test_an_unknown_placeholder_is_refused_at_its_place(tmp_path: Path) -> None:
    """A misspelt placeholder is named with file and line before anything is called."""
    file = tmp_path / "crm.yaml"
    file.write_text(SYSTEM.read_text().replace('"{page_size}"', '"{pagesize}"', 1))

    with pytest.raises(ConfigurationError) as caught:
        make_adapter(read_tree(file), parse_connection("x", "http://h"), tmp_path)

    (problem,) = caught.value.problems
    assert problem.line > 0
    assert "'page_size'" in problem.remedy
