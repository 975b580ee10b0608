"""Where files are: a folder on the disk and one behind SFTP behave alike."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from midspan.kernel.errors import MidspanError, ProtocolError, TransientError
from midspan.kernel.stream import Batch, Slice
from tests.adapters.building import records
from tests.adapters.file_drop import Drop, drop_of, plain

CSV = "id,name\n1,Ann\n2,Bob\n"
KEYS = "files: f_*.csv\nformat: csv"


@pytest.fixture(params=["local", "sftp"])
def drop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Drop]:
    with drop_of(request.param, tmp_path) as made:
        yield made


def ids(batches: Sequence[Batch]) -> list[object]:
    return [row["id"] for row in plain(batches)]


def last(batches: Sequence[Batch]) -> str:
    return str(records(batches)[-1]["_file"])


def at(file: Path, when: float) -> None:
    os.utime(file, (when, when))


def test_files_come_in_the_order_of_their_names(drop: Drop) -> None:
    """Whichever was written first; others are not touched, and folders are passed over."""
    drop.put("f_2.csv", CSV.replace("1,", "3,").replace("2,", "4,"))
    drop.put("f_1.csv", CSV)
    drop.put("g_1.csv", CSV)
    drop.put(".f_0.csv", CSV)
    drop.put("f_9.csv/inner.csv", CSV)

    with closing(drop.adapter(KEYS)) as adapter:
        batches = list(adapter.read("rows", Slice()))
        (check,) = adapter.check(deep=True).streams

    assert ids(batches) == ["1", "2", "3", "4"]
    assert check.ok
    assert check.remarks == ("f_9.csv is a folder, and is passed over",)


@pytest.mark.parametrize(
    ("order", "wanted"),
    [("name", ["10", "9"]), ("number", ["9", "10"]), ("time", ["10", "9"])],
)
def test_the_order_is_what_the_stream_says(drop: Drop, order: str, wanted: list[str]) -> None:
    """By name, by the numbers in it, or by when the files were written; the cursor follows."""
    at(drop.put("f_10.csv", "id\n10\n"), 1_700_000_000)
    at(drop.put("f_9.csv", "id\n9\n"), 1_700_000_100)

    with closing(drop.adapter(f"{KEYS}\norder: {order}")) as adapter:
        batches = list(adapter.read("rows", Slice()))
        rest = list(adapter.read("rows", Slice(lower=str(records(batches)[0]["_file"]))))

    assert ids(batches) == wanted
    assert ids(rest) == wanted[1:]


def test_a_file_is_read_once_and_again_when_it_is_rewritten(drop: Drop) -> None:
    """A slice begins behind the file of its lower bound."""
    at(drop.put("f_1.csv", CSV), 1_700_000_000)
    with closing(drop.adapter(KEYS)) as adapter:
        lower = last(list(adapter.read("rows", Slice())))
        assert list(adapter.read("rows", Slice(lower=lower))) == []

        at(drop.put("f_1.csv", "id,name\n7,Zoe\n"), 1_700_000_005)

        assert ids(list(adapter.read("rows", Slice(lower=lower)))) == ["7"]


def test_a_file_that_comes_late_is_told(drop: Drop, caplog: pytest.LogCaptureFixture) -> None:
    """Its name is behind the cursor: it is logged at each run and shown by check, never lost."""
    drop.put("f_2.csv", CSV)
    with closing(drop.adapter(KEYS)) as adapter:
        lower = last(list(adapter.read("rows", Slice())))
        # Its date is older than that of the file read: only the journal can tell.
        at(drop.put("f_1.csv", CSV), 1_600_000_000)

        assert list(adapter.read("rows", Slice(lower=lower))) == []
        (check,) = adapter.check(deep=True).streams

    assert "f_1.csv came after later files were read" in caplog.text
    assert check.remarks == ("f_1.csv came after later files were read, and is not read",)


def test_a_file_that_comes_late_can_halt(drop: Drop) -> None:
    """Where a gap must not be passed, nothing is read until a person has looked."""
    drop.put("f_2.csv", CSV)
    with closing(drop.adapter(f"{KEYS}\nlate: halt")) as adapter:
        lower = last(list(adapter.read("rows", Slice())))
        drop.put("f_1.csv", CSV)

        with pytest.raises(ProtocolError) as caught:
            list(adapter.read("rows", Slice(lower=lower)))

    assert caught.value.code == "file.late"


def test_files_that_were_read_out_of_order_are_not_late(
    drop: Drop, caplog: pytest.LogCaptureFixture
) -> None:
    """What the journal knows to be read raises no alarm, whenever it was written."""
    at(drop.put("f_2.csv", CSV), 1_700_000_000)
    at(drop.put("f_1.csv", CSV), 1_700_000_100)
    with closing(drop.adapter(KEYS)) as adapter:
        lower = last(list(adapter.read("rows", Slice())))
        list(adapter.read("rows", Slice(lower=lower)))

    assert "came after" not in caplog.text


def test_a_file_is_put_away_only_when_the_cursor_has_passed_it(drop: Drop) -> None:
    """Read is not applied: the saved cursor of the next run proves it. Nothing is lost."""
    keys = f"{KEYS}\narchive: done/2026"
    drop.put("f_1.csv", CSV)
    drop.put("f_2.csv", "id,name\n3,Cid\n")
    with closing(drop.adapter(keys)) as adapter:
        first = list(adapter.read("rows", Slice()))
    assert (drop.folder / "f_1.csv").exists()

    with closing(drop.adapter(keys)) as adapter:
        assert ids(list(adapter.read("rows", Slice(lower=str(records(first)[0]["_file"]))))) == [
            "3"
        ]

    assert not (drop.folder / "f_1.csv").exists()
    assert (drop.folder / "done/2026/f_1.csv").read_text() == CSV
    assert (drop.folder / "f_2.csv").exists()


def test_an_unread_file_is_never_put_away(drop: Drop) -> None:
    """One that came late, and one that only stood there when the archive was switched on, stay."""
    drop.put("f_1.csv", CSV)
    drop.put("f_5.csv", CSV)
    with closing(drop.adapter(KEYS)) as adapter:
        lower = last(list(adapter.read("rows", Slice())))
    drop.put("f_3.csv", CSV)

    with closing(drop.adapter(f"{KEYS}\narchive: done")) as adapter:
        list(adapter.read("rows", Slice(lower=lower)))
        list(adapter.read("rows", Slice(lower=lower)))

    assert sorted(one.name for one in drop.folder.glob("f_*")) == ["f_1.csv", "f_3.csv", "f_5.csv"]


def test_a_reading_that_broke_off_puts_nothing_away(drop: Drop) -> None:
    """A file that was begun and not read to its end is not applied, whatever the cursor says."""
    keys = f"{KEYS}\narchive: done"
    drop.put("f_1.csv", CSV)
    with closing(drop.adapter(keys)) as adapter:
        reading = adapter.read("rows", Slice())
        lower = last([next(reading)])
        del reading

        list(adapter.read("rows", Slice(lower=lower)))

    assert (drop.folder / "f_1.csv").exists()


def test_what_is_put_away_is_still_a_file_of_the_stream(drop: Drop) -> None:
    """A full reading, a reading by key and the list of keys see the archive too, once."""
    keys = f"{KEYS}\narchive: done"
    drop.put("f_1.csv", CSV)
    with closing(drop.adapter(keys)) as adapter:
        before = list(adapter.read("rows", Slice()))
        list(adapter.read("rows", Slice(lower=last(before))))
        assert not (drop.folder / "f_1.csv").exists()

        assert records(list(adapter.read("rows", Slice()))) == records(before)
        assert ids(list(adapter.read("rows", Slice(keys=(("2",),))))) == ["2"]
        assert [key for some in adapter.keys("rows") for key in some] == [("1",), ("2",)]


def test_nothing_is_overwritten_in_the_archive(drop: Drop) -> None:
    """A name that was used before gets a number."""
    keys = f"{KEYS}\narchive: done"
    with closing(drop.adapter(keys)) as adapter:
        lower = None
        for second in range(2):
            at(drop.put("f_1.csv", f"id\n{second}\n"), 1_700_000_000 + second)
            lower = last(list(adapter.read("rows", Slice(lower=lower))))
            list(adapter.read("rows", Slice(lower=lower)))

    assert (drop.folder / "done/f_1.csv").read_text() == "id\n0\n"
    assert (drop.folder / "done/f_1.csv.2").read_text() == "id\n1\n"


def test_an_archive_that_cannot_be_written_is_told(drop: Drop) -> None:
    """Deep: the check names the right that is missing before a run needs it."""
    drop.put("f_1.csv", CSV)
    drop.put("done", "a file where the folder should be")
    with closing(drop.adapter(f"{KEYS}\narchive: done")) as adapter:
        (check,) = adapter.check(deep=True).streams

    assert (check.readable, check.writable) == (True, False)
    assert "'done'" in check.grant


def test_a_fresh_file_is_left_alone_until_it_rests(drop: Drop) -> None:
    """It is looked at twice; what changed in between waits for the next run, with all after it."""
    file = drop.put("f_1.csv", CSV)
    drop.put("f_2.csv", CSV)
    with closing(drop.adapter(KEYS)) as adapter:
        arrivals = adapter._streams["rows"].arrivals
        (first, _second) = arrivals.present()
        with file.open("a") as more:
            more.write("3,Cid\n")

        assert not arrivals.settled(first)

    with closing(drop.adapter(KEYS)) as adapter:
        adapter.check()
        drop.put("f_3.csv", CSV)
        began = time.monotonic()
        assert len(ids(list(adapter.read("rows", Slice())))) == 7
    assert time.monotonic() - began >= 0.01


def test_a_file_that_changes_while_it_is_read_is_given_up(drop: Drop) -> None:
    """No batch mixes two versions of a file; the error asks for another try."""
    drop.put("f_1.csv", CSV)
    with closing(drop.adapter(KEYS)) as adapter:
        folder = adapter._folder
        (entry,) = [one for one in folder.list("") or () if one.name == "f_1.csv"]
        drop.put("f_1.csv", CSV * 2)

        with pytest.raises(TransientError) as caught, folder.open(entry) as file:
            file.read()

    assert caught.value.code == "file.changed"


def test_a_folder_of_the_stream_that_is_missing_is_told(drop: Drop) -> None:
    """The connection's folder is there; the stream's own is named."""
    with closing(drop.adapter(f"{KEYS}\nfolder: in/north")) as adapter:
        (check,) = adapter.check().streams
        drop.put("in/north/f_1.csv", CSV)
        batches = list(adapter.read("rows", Slice()))

    assert "file.folder" in check.problem
    assert "'in/north'" in check.problem
    assert ids(batches) == ["1", "2"]


def test_nothing_can_be_written(drop: Drop) -> None:
    """No operation is among the capabilities; asking for one is refused."""
    from midspan.kernel.writing import Capability, WriteOperation

    with closing(drop.adapter(KEYS)) as adapter:
        found = adapter.capabilities("rows")
        for ask in (
            lambda: adapter.write("rows", WriteOperation("create", {}), "r"),
            lambda: adapter.lookup("rows", "r"),
        ):
            with pytest.raises(MidspanError) as caught:
                ask()
            assert caught.value.code == "adapter.not_writable"

    assert found == {
        Capability.READ,
        Capability.CHANGES,
        Capability.BY_KEY,
        Capability.KEYS,
    }
