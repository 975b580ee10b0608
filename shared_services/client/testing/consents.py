"""Consents in memory: the latest word for each customer and purpose stands."""

import threading

from midspan.kernel.errors import RemoteError
from shared_services.client.testing.records import Records
from shared_services.contracts.commands import RecordConsent
from shared_services.contracts.entities import Customer
from shared_services.contracts.methods import Consent, Consents, GetById
from shared_services.messaging.envelope import Envelope


class InMemoryConsents:
    """The consents of ``customers``."""

    def __init__(self, customers: Records[Customer]) -> None:
        self._customers = customers
        self._lock = threading.Lock()
        self._recorded: dict[tuple[int, str], Consent] = {}

    def list(self, request: GetById) -> Consents:
        """Answer ``customer.consents``."""
        with self._lock:
            return Consents(items=[*self._standing(self._live_id(request.id)).values()])

    def record(self, command: RecordConsent, envelope: Envelope) -> None:
        """Carry out ``customer.record_consent``."""
        with self._lock:
            golden_id = self._live_id(command.id)
            before = self._standing(golden_id).get(command.purpose)
            if before is not None and before.at >= command.at:
                return
            self._recorded[golden_id, command.purpose] = Consent(
                purpose=command.purpose,
                granted=command.granted,
                at=command.at,
                app=envelope.source,
            )
            if before is None or before.granted != command.granted:
                self._customers.touch(golden_id, "consents")

    def _live_id(self, asked: int) -> int:
        found = self._customers.get(asked)
        if found is None:
            text = f"there is no customer {asked}"
            raise RemoteError("customer.not_found", text, detail={"id": asked})
        return found.id

    def _standing(self, golden_id: int) -> dict[str, Consent]:
        mine = [
            consent
            for (recorded, _), consent in self._recorded.items()
            if (live := self._customers.get(recorded)) is not None and live.id == golden_id
        ]
        latest = {one.purpose: one for one in sorted(mine, key=lambda one: one.at)}
        return dict(sorted(latest.items()))
