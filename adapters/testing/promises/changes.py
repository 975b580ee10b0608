"""Promises about changes, keys and key lists.

The filter for changes misses nothing, and does filter; a key that is not listed is gone.
"""

from collections import Counter
from datetime import timedelta

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart, Sample, row_values
from adapters.testing.suite import (
    START,
    Open,
    Progress,
    Suite,
    all_keys,
    expected,
    fill,
    positions_of,
    put_to,
    read,
    samples,
    text,
)
from midspan.kernel.errors import MidspanError
from midspan.kernel.gate import ShutGate
from midspan.kernel.stream import Key, Slice
from midspan.kernel.writing import Capability


class Changes(Suite):
    """The filter for changes misses nothing, and does filter."""

    @put_to(Capability.CHANGES)
    def test_changes_begin_with_their_own_moment(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """Every record that shares the boundary's stamp comes again, and every later one."""
        fill(counterpart)
        adapter = opened()
        stamps = stamps_of(adapter, counterpart)
        boundaries = sorted(set(stamps.values()))

        for boundary in (boundaries[0], boundaries[len(boundaries) // 2], boundaries[-1]):
            wanted = {key for key, stamp in stamps.items() if stamp >= boundary}
            assert changed_since(adapter, counterpart, boundary) >= wanted

    @put_to(Capability.CHANGES)
    def test_the_filter_filters(self, opened: Open, counterpart: Counterpart) -> None:
        """The last stamp's records are not everything; the system does not ignore the filter."""
        counterpart.put(samples(counterpart.batch))
        counterpart.put([Sample(900, START + timedelta(days=3), text(900))])
        adapter = opened()
        last = max(stamps_of(adapter, counterpart).values())

        found = changed_since(adapter, counterpart, last)

        assert counterpart.key(900) in found
        assert len(found) < counterpart.batch

    @put_to(Capability.CHANGES)
    def test_a_change_is_seen(self, opened: Open, counterpart: Counterpart) -> None:
        """A record that is changed comes with its new value since its new stamp."""
        fill(counterpart)
        adapter = opened()
        before = max(stamps_of(adapter, counterpart).values())

        counterpart.put([Sample(2, START + timedelta(days=2), text(2, "B"))])
        slice_ = Slice(lower=rendered(counterpart, before))

        assert (counterpart.key(2), text(2, "B")) in read(adapter, counterpart, slice_)

    @put_to(Capability.CHANGES)
    def test_changes_resume_behind_every_position(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """As a whole reading does, ties across the batches included."""
        put = fill(counterpart)
        adapter = opened()
        lower = sorted(set(stamps_of(adapter, counterpart).values()))[1]
        part = Slice(lower=rendered(counterpart, lower))
        whole = expected(counterpart, put[3:])

        for done, position in positions_of(adapter, counterpart, part):
            assert done | Progress(counterpart, part, position).finish(opened()) >= whole

    @put_to(Capability.BY_KEY)
    def test_records_come_by_their_keys(self, opened: Open, counterpart: Counterpart) -> None:
        """Those that exist, more than a batch of them; one that is gone is no error."""
        put = fill(counterpart)
        counterpart.remove([put[0].number])
        wanted = put[1::2]
        keys = [counterpart.key(sample.number) for sample in (put[0], *wanted)]

        got = read(opened(), counterpart, Slice(keys=tuple(keys)))

        assert set(got) == expected(counterpart, wanted)

    @put_to(Capability.BY_KEY)
    def test_no_keys_are_no_records(self, opened: Open, counterpart: Counterpart) -> None:
        """A slice of no keys is not a slice of everything."""
        fill(counterpart, 1)

        assert read(opened(), counterpart, Slice(keys=())) == []

    @put_to(Capability.BY_KEY)
    def test_records_by_key_resume_behind_every_position(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """Nothing of the list is missing."""
        put = fill(counterpart)
        part = Slice(keys=tuple(counterpart.key(sample.number) for sample in put))

        for done, position in positions_of(opened(), counterpart, part):
            rest = Progress(counterpart, part, position).finish(opened())
            assert done | rest == expected(counterpart, put)

    @put_to(Capability.KEYS)
    def test_every_key_is_listed_once(self, opened: Open, counterpart: Counterpart) -> None:
        """No more and no fewer than there are; none in an empty stream."""
        adapter = opened()
        assert all_keys(adapter, counterpart) == []

        put = fill(counterpart)

        assert Counter(all_keys(adapter, counterpart)) == Counter(
            counterpart.key(sample.number) for sample in put
        )

    @put_to(lacking=[Capability.KEYS])
    def test_a_stream_without_keys_lists_none(self, opened: Open, counterpart: Counterpart) -> None:
        """It raises, without a call: an empty listing would mean that all was deleted."""
        with pytest.raises(MidspanError) as caught:
            all_keys(opened(ShutGate()), counterpart)

        assert caught.value.code != "gate.shut"

    @put_to(Capability.KEYS)
    def test_a_delete_is_seen(self, opened: Open, counterpart: Counterpart) -> None:
        """The same adapter lists the key no more, and reads the record no more."""
        put = fill(counterpart)
        adapter = opened()
        all_keys(adapter, counterpart)

        gone, kept = (
            put[:: counterpart.batch],
            [each for each in put if each not in put[:: counterpart.batch]],
        )
        counterpart.remove([sample.number for sample in gone])

        assert set(all_keys(adapter, counterpart)) == {
            counterpart.key(sample.number) for sample in kept
        }
        assert set(read(adapter, counterpart)) == expected(counterpart, kept)


def stamps_of(adapter: Adapter, counterpart: Counterpart) -> dict[Key, str]:
    """Return the canonical stamp of each record, by its key, as it is read."""
    assert counterpart.cursor is not None, "a stream with CHANGES declares its cursor"
    stamps: dict[Key, str] = {}
    for batch in adapter.read(counterpart.stream, Slice()):
        for row in batch.rows:
            values = row_values(batch.columns, row)
            stamp = counterpart.cursor.codec.first(values[one] for one in counterpart.cursor.fields)
            key = tuple(values[name] for name in counterpart.primary_key)
            assert stamp is not None, f"the record {key} has no stamp"
            stamps[key] = stamp
    return stamps


def rendered(counterpart: Counterpart, canonical: str) -> str:
    """Return a stamp in the source's own form, as the pipeline gives it to a slice."""
    assert counterpart.cursor is not None
    return counterpart.cursor.codec.render(canonical)


def changed_since(adapter: Adapter, counterpart: Counterpart, canonical: str) -> set[Key]:
    """Return the keys of what changed since a stamp."""
    part = Slice(lower=rendered(counterpart, canonical))
    return {key for key, _ in read(adapter, counterpart, part)}
