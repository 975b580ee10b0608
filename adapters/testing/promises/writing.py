"""Promises about create, update, delete and lookup: done once, or known not to be known."""

from uuid import uuid4

import pytest

from adapters.base import Adapter
from adapters.testing.counterpart import Counterpart
from adapters.testing.ears import Ears
from adapters.testing.suite import Open, Suite, expected, fill, put_to, read, text
from midspan.kernel.errors import (
    MidspanError,
    RecordError,
)
from midspan.kernel.gate import ShutGate
from midspan.kernel.stream import Key
from midspan.kernel.writing import Capability, WriteKind, WriteOperation, WriteResult

CREATE, UPDATE, DELETE = Capability.CREATE, Capability.UPDATE, Capability.DELETE
LOOKUP, BY_KEY = Capability.LOOKUP, Capability.BY_KEY
NEW = text(777, "N")


class Writing(Suite):
    """A change is made once, where it belongs."""

    @put_to(lacking=[CREATE, UPDATE, DELETE])
    def test_what_is_not_declared_is_refused(self, opened: Open, counterpart: Counterpart) -> None:
        """Without a call, with ``adapter.not_writable``."""
        kinds: dict[Capability, WriteKind] = {CREATE: "create", UPDATE: "update", DELETE: "delete"}
        adapter = opened(ShutGate())

        for capability in kinds.keys() - counterpart.capabilities:
            operation = WriteOperation(kinds[capability], {counterpart.text: NEW}, (1,))
            with pytest.raises(MidspanError) as caught:
                adapter.write(counterpart.stream, operation, reference())
            assert caught.value.code == "adapter.not_writable"

    @put_to(lacking=[LOOKUP])
    def test_a_stream_without_lookup_finds_nothing_out(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """It raises, without a call: None would mean that the record is not there."""
        with pytest.raises(MidspanError) as caught:
            opened(ShutGate()).lookup(counterpart.stream, reference())

        assert caught.value.code != "gate.shut"

    @put_to(CREATE)
    def test_a_record_is_created_once(self, opened: Open, counterpart: Counterpart) -> None:
        """It is there, under the key that was told."""
        put = fill(counterpart, 1)
        adapter = opened()

        result = create(adapter, counterpart)

        assert made(counterpart) == 1
        assert set(read(adapter, counterpart)) == {
            *expected(counterpart, put),
            (result.key, NEW),
        }

    @put_to(CREATE, LOOKUP)
    def test_a_created_record_is_found_by_its_reference(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """By whoever looks, with key and values; a reference nobody has finds nothing."""
        fill(counterpart, 1)
        mine = reference()
        result = create(opened(), counterpart, mine)

        record = opened().lookup(counterpart.stream, mine)

        assert record is not None
        assert tuple(record[name] for name in counterpart.primary_key) == result.key
        assert opened().lookup(counterpart.stream, reference()) is None

    @put_to(UPDATE)
    def test_an_update_changes_its_record_alone(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """The record has its new value, the others their own."""
        put = fill(counterpart, 1)
        key = counterpart.key(2)
        values = counterpart.values(NEW)

        result = opened().write(
            counterpart.stream, WriteOperation("update", values, key), reference()
        )

        assert result.key == key
        rest = [sample.text for sample in put if sample.number != 2]
        assert sorted(counterpart.texts()) == sorted([*rest, NEW])
        assert (key, NEW) in read(opened(), counterpart)

    @put_to(UPDATE)
    def test_an_update_may_change_nothing(self, opened: Open, counterpart: Counterpart) -> None:
        """The same values again are no error: the record is there and has them."""
        fill(counterpart, 1)
        operation = WriteOperation("update", counterpart.values(NEW), counterpart.key(2))
        adapter = opened()

        for _ in range(2):
            assert adapter.write(counterpart.stream, operation, reference()).key == operation.key

    @put_to(DELETE)
    def test_a_delete_removes_its_record_alone(
        self, opened: Open, counterpart: Counterpart
    ) -> None:
        """The record is gone, the others are there."""
        put = fill(counterpart, 1)

        operation = WriteOperation("delete", key=counterpart.key(2))
        opened().write(counterpart.stream, operation, reference())

        assert sorted(counterpart.texts()) == sorted(
            sample.text for sample in put if sample.number != 2
        )

    @put_to(UPDATE)
    def test_an_update_needs_a_record(self, opened: Open, counterpart: Counterpart) -> None:
        """A key that names none is refused, and so is no key at all."""
        refused_key(opened, counterpart, "update")

    @put_to(DELETE)
    def test_a_delete_needs_a_record(self, opened: Open, counterpart: Counterpart) -> None:
        """A key that names none is refused, and so is no key at all."""
        refused_key(opened, counterpart, "delete")

    @put_to(CREATE, offering=[Counterpart.refused_values])
    def test_values_that_the_system_refuses_are_told(
        self, opened: Open, counterpart: Counterpart, ears: Ears
    ) -> None:
        """RecordError: this record is at fault; the next one goes through."""
        before, adapter = sorted(counterpart.texts()), opened()

        operation = WriteOperation("create", counterpart.refused_values())
        with pytest.raises(RecordError) as caught:
            adapter.write(counterpart.stream, operation, reference())

        assert caught.value.code == "adapter.write_refused"
        assert sorted(counterpart.texts()) == before
        ears.hear(caught.value)
        create(adapter, counterpart)


def reference() -> str:
    """Return a reference that no record has."""
    return f"MSP{uuid4().hex[:12].upper()}"


def create(adapter: Adapter, counterpart: Counterpart, mine: str = "") -> WriteResult:
    """Create the one record that has the text NEW."""
    operation = WriteOperation("create", counterpart.values(NEW))
    return adapter.write(counterpart.stream, operation, mine or reference())


def made(counterpart: Counterpart) -> int:
    """Return how many records ``create`` has made, as the system itself says."""
    return list(counterpart.texts()).count(NEW)


def refused_key(opened: Open, counterpart: Counterpart, kind: WriteKind) -> None:
    """Expect a change without a key, and one of a record that is gone, to be refused."""
    put = fill(counterpart, 1)
    gone: Key = counterpart.key(put[-1].number)
    counterpart.remove([put[-1].number])
    before = sorted(counterpart.texts())
    values = counterpart.values(NEW) if kind == "update" else {}

    for key, code in ((None, "adapter.no_key"), (gone, "adapter.no_record")):
        with pytest.raises(RecordError) as caught:
            opened().write(counterpart.stream, WriteOperation(kind, values, key), reference())
        assert caught.value.code == code
    assert sorted(counterpart.texts()) == before
