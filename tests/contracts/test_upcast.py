"""A message of an older version is read as today's; one of a newer version is refused."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from midspan.kernel.errors import RecordError
from shared_services.client import subscription
from shared_services.client.subscription import read_event, topics
from shared_services.contracts.entities import EntityType, entity_types
from shared_services.contracts.events import EntityEvent
from shared_services.contracts.upcast import Upcasters
from shared_services.messaging.consumer import Message
from shared_services.messaging.envelope import Envelope

NAME = "customer.updated"


def _to_2(body: dict[str, Any]) -> dict[str, Any]:
    """Version 1 spelt ``number`` what version 2 calls ``id``."""
    return {"id" if name == "number" else name: value for name, value in body.items()}


def _to_3(body: dict[str, Any]) -> dict[str, Any]:
    """Version 2 knew no epochs."""
    return {"epoch": 1, **body}


UPCASTERS = Upcasters({(NAME, 1): _to_2, (NAME, 2): _to_3})
OLDEST = {"entity": "customer", "verb": "updated", "number": 7, "sequence": 4}


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let customers be in their third version."""
    known = entity_types()["customer"]
    third = msgspec.structs.replace(known, version=3)

    def types() -> dict[str, EntityType]:
        return {"customer": third}

    monkeypatch.setattr(subscription, "entity_types", types)
    monkeypatch.setattr(subscription, "EVENT_UPCASTERS", UPCASTERS)


def message(version: int, body: dict[str, Any]) -> Message:
    """Return an event as it arrives."""
    envelope = Envelope(id="1", source="test", type=f"{NAME}.v{version}", time=datetime.now(UTC))
    return Message(envelope, msgspec.json.encode(body), 1)


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize(
    ("version", "body"),
    [(1, OLDEST), (2, _to_2(OLDEST)), (3, _to_3(_to_2(OLDEST)))],
)
def test_each_known_version_reads_as_todays(version: int, body: dict[str, Any]) -> None:
    """Steps are chained, from whichever version the message is of."""
    event = read_event(message(version, body), UPCASTERS)

    assert event == EntityEvent(entity="customer", id=7, epoch=1, sequence=4, verb="updated")


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize("version", [0, 4])
def test_an_unknown_version_is_refused(version: int) -> None:
    """Above all a newer one: its meaning is not guessed."""
    with pytest.raises(RecordError) as refused:
        read_event(message(version, OLDEST), UPCASTERS)

    assert refused.value.code == "message.type_unknown"


@pytest.mark.usefixtures("third_version")
def test_what_a_step_leaves_wrong_is_refused() -> None:
    """An old message that never was valid becomes a dead letter, not an exception."""
    with pytest.raises(RecordError) as refused:
        read_event(message(1, {"entity": "customer", "verb": "updated"}), UPCASTERS)

    assert refused.value.code == "message.body_invalid"


@pytest.mark.usefixtures("third_version")
def test_a_subscription_takes_every_version_that_can_be_read() -> None:
    """Events that a center told before its update still arrive."""
    assert topics(["customer.updated"]) == tuple(f"{NAME}.v{one}" for one in (3, 2, 1))
    assert set(topics(["customer.*"])) == {f"customer.*.v{one}" for one in (1, 2, 3)}
    assert topics(["customer.deleted"]) == ("customer.deleted.v3",)
