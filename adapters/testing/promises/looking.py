"""Promises about capabilities, check and discover."""

from collections.abc import Callable

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import MARK, Ears
from adapters.testing.gates import CountingGate
from adapters.testing.suite import Open, Suite, fill, put_to, read
from midspan.kernel.catalog import CatalogStream
from midspan.kernel.errors import AccessDenied, MidspanError
from midspan.kernel.gate import ShutGate
from midspan.kernel.stream import Slice
from midspan.kernel.writing import Capability

SAMPLED = 4
"""Batches of records that are there to look into."""


class Looking(Suite):
    """An adapter says what it can do, and what there is, and is right."""

    def test_it_is_made_and_declares_itself_without_a_call(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """Its capabilities are the counterpart's, no more and no less; nobody was called."""
        adapter = opened(ShutGate())

        assert adapter.capabilities(counterpart.stream) == counterpart.capabilities
        adapter.close()

    @pytest.mark.parametrize(
        "ask",
        [
            lambda adapter: adapter.capabilities("streem"),
            lambda adapter: list(adapter.read("streem", Slice())),
            lambda adapter: list(adapter.keys("streem")),
        ],
        ids=["capabilities", "read", "keys"],
    )
    def test_an_unknown_stream_is_refused(
        self, opened: Open, ask: Callable[[Adapter], object]
    ) -> None:
        """With the error that names the nearest known one."""
        with pytest.raises(MidspanError) as caught:
            ask(opened())

        assert caught.value.code == "adapter.unknown_stream"

    @pytest.mark.parametrize("deep", [False, True], ids=["plain", "deep"])
    @pytest.mark.parametrize("batches", [0, 2], ids=["empty", "filled"])
    def test_check_passes_where_all_is_well(
        self, opened: Open, counterpart: Counterpart, deep: bool, batches: int
    ) -> None:
        """Through the gate, for the stream asked about alone; no record was changed."""
        fill(counterpart, batches)
        before, gate = sorted(counterpart.texts()), CountingGate()

        report = opened(gate).check([counterpart.stream], deep=deep)

        assert [each.problem for each in report.streams if each.problem] == []
        assert report.ok
        assert report.streams[0].stream == counterpart.stream
        assert gate.calls
        assert sorted(counterpart.texts()) == before

    @put_to(offering=[Counterpart.break_stream])
    def test_check_names_a_broken_stream(self, opened: Open, counterpart: Counterpart) -> None:
        """The report says which and why; the system as a whole is not at fault."""
        fill(counterpart)
        counterpart.break_stream()

        (check, *_) = opened().check([counterpart.stream]).streams

        assert (check.stream, check.readable) == (counterpart.stream, False)
        assert check.problem

    @put_to(offering=[Counterpart.deny])
    def test_check_names_a_missing_grant(
        self, opened: Open, counterpart: Counterpart, ears: Ears
    ) -> None:
        """What is missing is said by check; reading raises AccessDenied, not an empty result."""
        fill(counterpart)
        counterpart.deny()

        (check, *_) = opened().check([counterpart.stream]).streams
        with pytest.raises(AccessDenied) as caught:
            read(opened(), counterpart)

        assert not check.ok
        assert check.problem or check.grant
        ears.hear(caught.value)

    def test_discover_finds_the_stream(self, opened: Open, counterpart: Counterpart) -> None:
        """With key, fields and who reads it; it alone when asked for alone."""
        fill(counterpart, SAMPLED)

        found = discovered(opened(), counterpart)

        assert found.primary_key == counterpart.primary_key
        assert counterpart.stream in found.configured
        types = {field.name: field.type for field in found.fields}
        assert types[counterpart.text] == "string"
        assert set(counterpart.primary_key) <= set(types)

    @put_to(Capability.CHANGES)
    def test_discover_proposes_the_cursor(self, opened: Open, counterpart: Counterpart) -> None:
        """The field that orders the stream's changes is among the first two, with evidence."""
        fill(counterpart, SAMPLED)
        cursor = counterpart.cursor
        assert cursor is not None, "a stream with CHANGES declares its cursor"

        found = discovered(opened(), counterpart).cursors

        assert (cursor.fields[0], cursor.type) in [
            (each.fields[0], each.type) for each in found[:2]
        ]
        assert all(each.evidence and 0 <= each.score <= 1 for each in found)

    def test_a_catalog_holds_no_value_of_a_record(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """Names, types and counts; not the smallest sample."""
        fill(counterpart, SAMPLED)

        catalog = opened().discover()

        assert MARK not in repr(catalog)
        assert not [secret for secret in counterpart.secrets if secret in repr(catalog)]

    def test_the_clock_is_aware(self, opened: Open, counterpart: Counterpart) -> None:
        """Where the source tells its time, it tells its zone."""
        fill(counterpart, 1)

        told = opened().now()

        assert told is None or told.utcoffset() is not None


def discovered(adapter: Adapter, counterpart: Counterpart) -> CatalogStream:
    """Return the stream's own entry of a catalog that was asked for it alone."""
    (found,) = adapter.discover([counterpart.source]).streams
    assert found.name == counterpart.source
    return found
