"""The shared services in memory, for an app's own tests: no broker, no database, no waiting.

    from shared_services.client.testing import InMemoryMidspan

    def test_a_new_customer_is_welcomed():
        midspan = InMemoryMidspan()
        with midspan.client("newsletter") as client:
            register_handlers(client)
            client.start()
            midspan.customers.create(kind="person", name="Ann", email="ann@example.com")
            midspan.settle()

It keeps the promises that the real services keep, proven by the same tests on both: the same
answers, errors and events, in order per record, tried again when a handler fails.
"""

from shared_services.client.testing.midspan import InMemoryMidspan
from shared_services.client.testing.queues import DeadLetter
from shared_services.client.testing.records import Records

__all__ = ["DeadLetter", "InMemoryMidspan", "Records"]
