"""The suite finds every one of these faults: an adapter broken in one place, the promise it breaks.

The sound adapter that they are made from keeps all promises (``test_ledger``).
"""

import inspect
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Adapter
from adapters.testing.ears import Ears
from adapters.testing.proxy import FaultProxy
from adapters.testing.suite import opener
from midspan.kernel.catalog import Catalog
from midspan.kernel.errors import MidspanError, TransientError
from midspan.kernel.stream import Batch, Key, Position, Slice
from midspan.kernel.writing import Capability, WriteResult
from tests.adapters.testing.ledger_adapter import LedgerAdapter
from tests.adapters.testing.ledger_site import ledger
from tests.adapters.testing.test_dbase import TestDbase as Tables
from tests.adapters.testing.test_ledger import TestLedger as Promises

_log = logging.getLogger("adapters.broken")


class CallsWhenMade(LedgerAdapter):
    """Logs in as soon as it is made."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._log_in()


class LogsInBesideTheGate(LedgerAdapter):
    """Opens its session without the gate."""

    def _log_in(self) -> None:
        body = {"password": self.context.connection.password.reveal()}
        self.session = self.send(self.context.gate.timeouts, "POST", "/login", body)["session"]


class CallsBesideTheGate(LogsInBesideTheGate):
    """Knows of no gate."""

    def _once(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        return self.send(self.context.gate.timeouts, method, path, body)


class DeclaresTooMuch(LedgerAdapter):
    """Says that it can write whatever the stream says, and says too little of reading."""

    def capabilities(self, stream: str) -> frozenset[Capability]:
        return super().capabilities(stream) - {Capability.KEYS}


class EndsQuietly(LedgerAdapter):
    """Takes a failed page for the end."""

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return super().page(query)
        except TransientError:
            return []


class ForgetsThePage(LedgerAdapter):
    """Reads on behind a page that it never handed out."""

    def batch(self, rows: Sequence[Mapping[str, Any]], after: int) -> Batch:
        return super().batch(rows, after + 10)


class ResumesFromTheStart(LedgerAdapter):
    """Takes no notice of the position."""

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        return super().read(stream, part)


class KeepsTheSession(LedgerAdapter):
    """Puts its session into each position."""

    def batch(self, rows: Sequence[Mapping[str, Any]], after: int) -> Batch:
        made = super().batch(rows, after)
        return replace(made, position={**made.position, "session": self.session})


class SharesItsPlace(LedgerAdapter):
    """Keeps one place for all readings."""

    place = 0

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = super().page({**query, "after": self.place if query["after"] else 0})
        self.place = rows[-1]["id"] if rows else 0
        return rows


class ReadsOnePage(LedgerAdapter):
    """Hands out everything at once."""

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        return super().page({**query, "limit": 1000})


class SkipsTheBoundary(LedgerAdapter):
    """Filters behind the boundary instead of from it."""

    def ask(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = super().ask(query)
        return [row for row in rows if row["changed"] != query.get("since")]


class ForgetsTheFilter(LedgerAdapter):
    """Asks for everything, whatever changed."""

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        return super().page({name: query[name] for name in query if name != "since"})


class ReadsAllForNoKeys(LedgerAdapter):
    """Takes no keys for no filter."""

    def read(self, stream: str, part: Slice, position: Position | None = None) -> Iterator[Batch]:
        return super().read(stream, part if part.keys else Slice(part.lower), position)


class ListsTheFirstPage(LedgerAdapter):
    """Lists the keys of one page."""

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        yield next(iter(super().keys(stream)), [])


class RemembersKeys(LedgerAdapter):
    """Lists the keys that it once saw."""

    seen: tuple[Sequence[Key], ...] = ()

    def keys(self, stream: str) -> Iterator[Sequence[Key]]:
        self.seen = self.seen or tuple(super().keys(stream))
        return iter(self.seen)


class ShowsValues(LedgerAdapter):
    """Puts an example into the catalog."""

    def discover(self, streams: Sequence[str] | None = None) -> Catalog:
        found = super().discover(streams)
        return replace(found, remarks=(f"for example {self.ask({'limit': 1})}",))


class TellsValues(LedgerAdapter):
    """Logs what it reads, for debugging."""

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows = super().page(query)
        _log.debug("page: %s", rows)
        return rows


class TellsThePassword(LedgerAdapter):
    """Says in an error what it sent."""

    def _log_in(self) -> None:
        try:
            super()._log_in()
        except TransientError as error:
            shown = self.context.connection.password.reveal()
            raise TransientError(error.code, f"no login with {shown}") from None


class LetsForeignErrorsThrough(LedgerAdapter):
    """Translates nothing."""

    def ask(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return super().ask(query)
        except MidspanError as error:
            raise RuntimeError(error.code) from None


class GivesUpItsSession(LedgerAdapter):
    """Does not log in again."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if not self.session:
            self._log_in()
        return self._once(method, path, body)


class KeepsTheReason(LedgerAdapter):
    """Makes another error of what the gate says."""

    def page(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            return super().page(query)
        except MidspanError as error:
            raise TransientError("ledger.failed", "it failed") from error


class ClosesOnce(LedgerAdapter):
    """Cannot be closed twice."""

    closed = False

    def close(self) -> None:
        super().close()
        if self.closed:
            raise RuntimeError("closed")
        self.closed = True


class SendsAgain(LedgerAdapter):
    """Lets the gate repeat a change."""

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        self.context.gate.call(
            self.context.lane, lambda timeouts: self.send(timeouts, method, path, body)
        )


class BelievesTheSystem(LedgerAdapter):
    """Takes the system's word for a create."""

    def confirm(self, reference: str, body: Mapping[str, Any]) -> WriteResult:
        return WriteResult((1,))


class ForgetsTheReference(LedgerAdapter):
    """Creates a record without our reference, and makes up its key."""

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        super().change(method, path, {name: body[name] for name in body if name != "ref"})

    def confirm(self, reference: str, body: Mapping[str, Any]) -> WriteResult:
        (row,) = [row for row in self.ask({}) if row["name"] == body["name"]]
        return WriteResult((row["id"],))


class TakesTheFirstTwin(LedgerAdapter):
    """Finds the first of several."""

    def lookup(self, stream: str, reference: str) -> Any:
        return next(iter(self.ask({"ref": reference})), None)


class ChangesEveryRecord(LedgerAdapter):
    """Forgets to say which record is to be changed."""

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        for row in self.ask({}):
            super().change(method, f"/customers/{row['id']}", body)


class IgnoresWhatIsMissing(LedgerAdapter):
    """Takes a change of nothing for done."""

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            super().change(method, path, body)
        except MidspanError as error:
            if error.code != "adapter.no_record":
                raise


class BlamesTheSystem(LedgerAdapter):
    """Takes refused values for overload."""

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            super().change(method, path, body)
        except MidspanError as error:
            raise TransientError("ledger.failed", "it failed") from error


MIDDLE = "test_a_fault_in_the_middle_is_told"
BROKEN: list[tuple[type[LedgerAdapter], str, dict[str, Any]]] = [
    (CallsWhenMade, "test_it_is_made_and_declares_itself_without_a_call", {}),
    (CallsBesideTheGate, "test_every_request_is_made_inside_the_gate", {}),
    (CallsBesideTheGate, "test_a_shut_gate_lets_nothing_through", {"ask": "read"}),
    (LogsInBesideTheGate, "test_the_network_is_not_touched_beside_the_gate", {}),
    (DeclaresTooMuch, "test_it_is_made_and_declares_itself_without_a_call", {}),
    (EndsQuietly, MIDDLE, {"name": "reset"}),
    (ForgetsThePage, "test_it_resumes_behind_every_position", {}),
    (ForgetsThePage, "test_a_gate_that_closes_ends_the_reading", {}),
    (ResumesFromTheStart, "test_it_resumes_behind_every_position", {}),
    (KeepsTheSession, "test_positions_hold_no_secret", {}),
    (SharesItsPlace, "test_two_readings_do_not_disturb_each_other", {}),
    (ReadsOnePage, "test_batches_are_bounded", {}),
    (SkipsTheBoundary, "test_changes_begin_with_their_own_moment", {}),
    (ForgetsTheFilter, "test_the_filter_filters", {}),
    (ReadsAllForNoKeys, "test_no_keys_are_no_records", {}),
    (ListsTheFirstPage, "test_every_key_is_listed_once", {}),
    (RemembersKeys, "test_a_delete_is_seen", {}),
    (ShowsValues, "test_a_catalog_holds_no_value_of_a_record", {}),
    (TellsValues, "test_every_record_arrives", {}),
    (TellsThePassword, "test_a_fault_at_the_door_is_told", {"name": "refused"}),
    (LetsForeignErrorsThrough, "test_a_fault_at_the_door_is_told", {"name": "refused"}),
    (LetsForeignErrorsThrough, "test_a_page_for_people_is_no_data", {}),
    (GivesUpItsSession, "test_a_session_that_ends_is_renewed", {}),
    (KeepsTheReason, "test_a_gate_that_closes_ends_the_reading", {}),
    (KeepsTheReason, "test_an_overloaded_system_is_left_alone", {"code": 429}),
    (KeepsTheReason, "test_check_names_a_missing_grant", {}),
    (ClosesOnce, "test_it_may_be_closed_twice", {}),
    (SendsAgain, "test_a_lost_answer_is_settled_by_looking", {}),
    (SendsAgain, "test_an_update_whose_answer_is_lost_is_uncertain", {}),
    (BelievesTheSystem, "test_a_success_that_made_nothing_is_uncertain", {}),
    (ForgetsTheReference, "test_a_created_record_is_found_by_its_reference", {}),
    (TakesTheFirstTwin, "test_twins_are_refused", {}),
    (ChangesEveryRecord, "test_an_update_changes_its_record_alone", {}),
    (ChangesEveryRecord, "test_a_delete_removes_its_record_alone", {}),
    (IgnoresWhatIsMissing, "test_an_update_needs_a_record", {}),
    (IgnoresWhatIsMissing, "test_a_delete_needs_a_record", {}),
    (BlamesTheSystem, "test_values_that_the_system_refuses_are_told", {}),
]
ASKS = {"read": lambda adapter, stream: list(adapter.read(stream, Slice()))}
Broken = (Exception, pytest.fail.Exception)


@pytest.mark.parametrize(
    ("adapter", "promise", "given"),
    BROKEN,
    ids=[f"{adapter.__name__}-{promise.removeprefix('test_')}" for adapter, promise, _ in BROKEN],
)
def test_a_broken_promise_is_found(
    tmp_path: Path, adapter: type[LedgerAdapter], promise: str, given: dict[str, Any]
) -> None:
    """The promise fails for the broken adapter, and holds for the sound one."""
    given = {name: ASKS.get(value, value) for name, value in given.items()}

    kept(promise, tmp_path / "sound", LedgerAdapter, given)

    with pytest.raises(Broken):
        kept(promise, tmp_path / "broken", adapter, given)


def test_a_promise_that_does_not_apply_is_no_test() -> None:
    """A read-only system behind no port is asked for neither writes nor network faults."""
    named = {name for name in dir(Tables) if callable(getattr(Tables, name))}

    assert "test_every_record_arrives" in named
    assert "test_what_is_not_declared_is_refused" in named
    assert not named & {"test_a_record_is_created_once", MIDDLE, "test_twins_are_refused"}
    assert not callable(Promises.test_what_is_not_declared_is_refused)


def kept(promise: str, home: Path, adapter: type[Adapter], given: Mapping[str, Any]) -> None:
    """Put one promise to an adapter, as pytest would; raise what it raises."""
    home.mkdir()
    with ledger(home, adapter) as counterpart, FaultProxy(counterpart.address) as proxy:
        opened, routed = (contextmanager(opener)(counterpart, at) for at in (None, proxy.address))
        with Ears(counterpart.secrets) as ears, opened as open_, routed as route:
            fixtures = {
                "counterpart": counterpart,
                "opened": open_,
                "routed": route,
                "proxy": proxy,
                "ears": ears,
                **given,
            }
            function = getattr(Promises(), promise)
            function(**{name: fixtures[name] for name in inspect.signature(function).parameters})
        assert not ears.leaks
