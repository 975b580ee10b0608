"""What an app asks a center to do, the same in memory and of real centers on a real broker."""

from datetime import UTC, datetime, timedelta

import pytest

from midspan.kernel.errors import RemoteError
from shared_services.client import EntityEvent, Envelope, Event
from shared_services.client.client import Client
from tests.client.worlds import World
from tests.fixtures_broker import eventually

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def words(client: Client, golden_id: int) -> dict[str, bool]:
    """Return a customer's word on each purpose."""
    return {one.purpose: one.granted for one in client.customers.consents(golden_id)}


def test_a_consent_is_recorded_and_told(world: World) -> None:
    """The event names what changed; the app is kept; the same word again tells nothing."""
    ann = world.customers.create(kind="person", name="Ann").id
    later = NOON + timedelta(hours=1)
    told: list[EntityEvent] = []
    with world.client("shop") as client:

        @client.subscribe("customer.updated")
        def on_change(event: Event, _envelope: Envelope) -> None:
            assert isinstance(event, EntityEvent)
            told.append(event)

        client.start()
        client.customers.record_consent(ann, "newsletter", granted=True, at=NOON)
        client.customers.record_consent(ann, "newsletter", granted=True, at=later)
        client.customers.record_consent(ann, "phone", granted=False, at=NOON)

        assert eventually(lambda: words(client, ann) == {"newsletter": True, "phone": False})
        assert eventually(lambda: len(told) == 2)
        first = client.customers.consents(ann)[0]
        assert (first.app, first.at) == ("shop", later)
    assert [(one.sequence, one.changed) for one in told] == [(2, ("consents",)), (3, ("consents",))]


def test_the_latest_word_stands(world: World) -> None:
    """Whatever the order in which words arrive."""
    ann = world.customers.create(kind="person", name="Ann").id
    with world.client("shop") as client:
        for hours, granted in ((2, False), (1, True), (2, True)):
            at = NOON + timedelta(hours=hours)
            client.customers.record_consent(ann, "newsletter", granted=granted, at=at)
        client.customers.record_consent(ann, "done", granted=True)

        assert eventually(lambda: "done" in words(client, ann))
        assert words(client, ann)["newsletter"] is False


def test_a_command_is_carried_out_once_for_its_key(world: World) -> None:
    """Sent again after a crash, with another word in between, it changes nothing."""
    ann = world.customers.create(kind="person", name="Ann").id
    with world.client("shop") as client:
        record = client.customers.record_consent
        ids = [record(ann, "newsletter", granted=True, key="form-7") for _ in range(2)]
        record(ann, "newsletter", granted=False)
        ids.append(record(ann, "newsletter", granted=True, key="form-7"))
        record(ann, "done", granted=True)

        assert eventually(lambda: "done" in words(client, ann))
        assert words(client, ann)["newsletter"] is False
    assert len(set(ids)) == 1


def test_commands_wait_for_their_center(world: World) -> None:
    """A center that is down loses no command; the app does not wait for it."""
    ann = world.customers.create(kind="person", name="Ann").id
    with world.client("shop") as client:
        world.stop_center("user_center")
        client.customers.record_consent(ann, "newsletter", granted=True)
        with pytest.raises(RemoteError):
            client.customers.consents(ann)
        world.start_center("user_center")

        assert eventually(lambda: words(client, ann) == {"newsletter": True})


def test_a_command_that_cannot_be_done_becomes_a_dead_letter(world: World) -> None:
    """With its code; the others that came with it are carried out."""
    ann = world.customers.create(kind="person", name="Ann").id
    with world.client("shop") as client:
        client.customers.record_consent(99, "newsletter", granted=True)
        client.customers.record_consent(ann, "newsletter", granted=True)

        assert eventually(lambda: words(client, ann) == {"newsletter": True})
        assert world.dead_letter("user_center", "commands") == "customer.not_found"


def test_consents_follow_a_merge(world: World) -> None:
    """The latest word of both records stands, and is found by either id."""
    ann, anna = (world.customers.create(kind="person", name=one).id for one in ("Ann", "Anna"))
    with world.client("shop") as client:
        record, later = client.customers.record_consent, NOON + timedelta(hours=1)
        record(ann, "newsletter", granted=False, at=later)
        record(anna, "newsletter", granted=True, at=NOON)
        record(anna, "phone", granted=True, at=NOON)
        assert eventually(lambda: len(words(client, anna)) == 2 and len(words(client, ann)) == 1)

        world.customers.merge(ann, into=anna)

        assert words(client, ann) == words(client, anna) == {"newsletter": False, "phone": True}
