"""Promises about reading: whole, bounded, resumable, and by changes, keys and key lists."""

import json
from itertools import zip_longest

from adapters.testing.counterpart import Counterpart
from adapters.testing.suite import (
    Open,
    Progress,
    Suite,
    expected,
    fill,
    positions_of,
    read,
)
from midspan.kernel.stream import Slice


class Reading(Suite):
    """What is there is read; what is not there is not invented."""

    def test_every_record_arrives(self, opened: Open, counterpart: Counterpart) -> None:
        """Each at least once, with its value, and nothing else."""
        put = fill(counterpart)

        assert set(read(opened(), counterpart)) == expected(counterpart, put)

    def test_an_empty_stream_has_no_rows(self, opened: Open, counterpart: Counterpart) -> None:
        """Nothing there is no error."""
        assert read(opened(), counterpart) == []

    def test_batches_are_bounded(self, opened: Open, counterpart: Counterpart) -> None:
        """Many records come in many batches, each row as long as the columns."""
        fill(counterpart)

        batches = list(opened().read(counterpart.stream, Slice()))

        assert max(len(batch.rows) for batch in batches) <= counterpart.batch
        assert {len(row) == len(batch.columns) for batch in batches for row in batch.rows} == {True}
        assert not [batch.rejects for batch in batches if batch.rejects]

    def test_what_was_asked_for_is_there(self, opened: Open, counterpart: Counterpart) -> None:
        """The mapped columns, with key and cursor; the values are the same."""
        put = fill(counterpart)
        adapter = opened(columns=[counterpart.text])

        (batch, *_) = adapter.read(counterpart.stream, Slice())
        wanted = {*counterpart.primary_key, counterpart.text}
        wanted |= set(counterpart.cursor.fields if counterpart.cursor else ())

        assert wanted <= set(batch.columns)
        assert set(read(adapter, counterpart)) == expected(counterpart, put)

    def test_each_row_has_its_origin(self, opened: Open, counterpart: Counterpart) -> None:
        """Bytes and a place, for the quarantine."""
        fill(counterpart, 1)

        (batch, *_) = opened().read(counterpart.stream, Slice())

        raw, place = batch.origin(0)
        assert isinstance(raw, bytes)
        assert isinstance(place, str)

    def test_it_resumes_behind_every_position(self, opened: Open, counterpart: Counterpart) -> None:
        """A fresh adapter goes on where another stopped: nothing is missing, little comes twice."""
        put = fill(counterpart)
        whole = expected(counterpart, put)
        positions = positions_of(opened(), counterpart)

        for done, position in positions:
            rest = Progress(counterpart, position=json.loads(json.dumps(position)))
            assert done | rest.finish(opened()) == whole
            assert len(rest.rows) <= len(whole) - len(done) + counterpart.batch

    def test_positions_hold_no_secret(self, opened: Open, counterpart: Counterpart) -> None:
        """They are kept in the open: no credential stands in one."""
        fill(counterpart)

        told = json.dumps([position for _, position in positions_of(opened(), counterpart)])

        assert not [secret for secret in counterpart.secrets if secret in told]

    def test_two_readings_do_not_disturb_each_other(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """Of one adapter, in turns: each gets everything."""
        whole = expected(counterpart, fill(counterpart))
        adapter = opened()
        first, second = Progress(counterpart), Progress(counterpart)

        for _ in zip_longest(first.run(adapter), second.run(adapter)):
            pass

        assert [set(first.rows), set(second.rows)] == [whole, whole]

    def test_a_reading_may_be_left(self, opened: Open, counterpart: Counterpart) -> None:
        """Nothing of it stays behind: the adapter reads on as often as it is asked."""
        whole = expected(counterpart, fill(counterpart))
        adapter = opened()

        for _ in range(5):
            next(Progress(counterpart).run(adapter))

        assert set(read(adapter, counterpart)) == whole
