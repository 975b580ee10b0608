"""What the shop does about each event; the SDK calls ``on_event`` at least once for each.

An event says that a record changed, not what personal values it has now: the record itself is
asked for. By then it may have changed again, or be gone. Neither matters: a state is stored
with its own position, and what removed the record is told by an event of its own.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from examples.shop.model import COLUMNS, ReadModel, Record
from shared_services.client import Client, EntityEvent, Envelope, Event, SnapshotReady

TOPICS: Final = ("customer.*", "product.*", "price.*")
_AT_ONCE: Final = 500

States = Iterator[tuple[str, Record]]


class Handlers:
    """Brings the shop's read model after the shared services."""

    def __init__(self, client: Client, model: ReadModel) -> None:
        self._client = client
        self._model = model

    def on_event(self, event: Event, envelope: Envelope) -> None:
        """Apply one event; raises RemoteError when a service does not answer, to be repeated."""
        if event.entity not in COLUMNS:
            return  # sent to this queue by hand: nobody subscribed to it
        if isinstance(event, SnapshotReady):
            self._fill(event.entity)
            with self._model.transaction():
                self._model.receive(envelope.id)
            return
        states = list(self._current(event))  # asked before the transaction, which stays short
        with self._model.transaction():
            self._model.receive(envelope.id)
            if self._model.advance(event):
                self._apply(event, states)

    def _apply(self, event: EntityEvent, states: list[tuple[str, Record]]) -> None:
        if event.verb in ("deleted", "merged"):
            self._model.remove(event)
        for entity, record in states:
            self._model.put(entity, [record])

    def _current(self, event: EntityEvent) -> States:
        """Ask for the record as it is now; nothing when it is gone."""
        if event.verb in ("deleted", "merged"):
            return
        if event.entity == "customer":
            for customer in self._client.customers.get_many([event.id]):
                yield "customer", customer
        elif event.entity == "product":
            for product in self._client.products.get_many([event.id]):
                yield "product", product
                yield from (("price", price) for price in product.prices)
        else:
            yield from self._prices_of(event)

    def _prices_of(self, event: EntityEvent) -> States:
        """Prices come with their product; one without a product comes when the product does."""
        code = event.values.get("product_code") or self._model.product_code(event.id)
        for product in self._client.products.find(codes=[code]).items if code else ():
            yield from (("price", price) for price in product.prices)

    def _fill(self, entity: str) -> None:
        """Read everything there is, page by page: the way to start from zero."""
        states = self._everything(entity)
        while page := list(islice(states, _AT_ONCE)):
            with self._model.transaction():
                for name, record in page:
                    self._model.put(name, [record])

    def _everything(self, entity: str) -> States:
        if entity == "customer":
            for customer in self._client.customers.find_all():
                yield "customer", customer
            return
        for product in self._client.products.find_all():
            yield "product", product
            yield from (("price", price) for price in product.prices)
