"""Attempts are counted through restarts and kills, each where it was made."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from midspan.kernel.errors import TransientError
from shared_services.messaging.consumer import Message
from tests.fixtures_broker import Broker, eventually
from tests.messaging.messages import event, identity
from tests.messaging.test_consumer import consume, subscribe

pytestmark = pytest.mark.usefixtures("wire")

VICTIM = Path(__file__).with_name("victim.py")


def run_victim(broker: Broker, marks: Path) -> subprocess.Popen[bytes]:
    """Start a process that consumes and hangs in its handler."""
    return subprocess.Popen(
        [sys.executable, str(VICTIM), broker.url, broker.topology.namespace, str(marks)],
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )


def kill_in_handler(broker: Broker, marks: Path) -> None:
    """Run a victim until it handles a message, then kill it."""
    marks.unlink(missing_ok=True)
    victim = run_victim(broker, marks)
    assert eventually(marks.exists, 20)
    victim.send_signal(signal.SIGKILL)
    victim.wait(5)


def test_what_a_killed_consumer_had_in_hand_is_delivered_again(
    broker: Broker, tmp_path: Path
) -> None:
    """SIGKILL in the handler costs nothing: the next consumer gets the message, counted."""
    subscription, publisher = subscribe(broker)
    publisher.publish([event(broker.topology)])
    kill_in_handler(broker, tmp_path / "marks")
    attempts: list[int] = []

    consume(broker, subscription, publisher, lambda m: attempts.append(m.attempt))

    assert eventually(lambda: attempts == [2])


def test_a_message_that_kills_its_consumers_is_a_dead_letter_in_the_end(
    broker: Broker, tmp_path: Path
) -> None:
    """Killed consumers count as attempts, so that a deadly message does not go round for ever."""
    subscription, publisher = subscribe(broker)
    publisher.publish([event(broker.topology)])
    for _ in range(2):
        kill_in_handler(broker, tmp_path / "marks")
    attempts: list[int] = []

    consume(broker, subscription, publisher, lambda m: attempts.append(m.attempt), max_attempts=2)
    properties, _ = broker.take(subscription.dead_letters.name)

    assert attempts == []
    assert properties.headers["x-failure-code"] == "message.attempts_exhausted"
    assert properties.headers["x-attempts"] == 2


def test_a_message_that_kills_its_consumers_takes_no_other_along(
    broker: Broker, tmp_path: Path
) -> None:
    """Those behind it were in hand, too, and were never begun: they are handled."""
    subscription, publisher = subscribe(broker)
    messages = [event(broker.topology) for _ in range(20)]
    publisher.publish(messages).require()
    for _ in range(3):
        kill_in_handler(broker, tmp_path / "marks")
    seen: list[str] = []

    def see(message: Message) -> None:
        seen.append(message.envelope.id)

    consume(broker, subscription, publisher, see, workers=1, max_attempts=3)
    properties, _ = broker.take(subscription.dead_letters.name)

    assert eventually(lambda: len(seen) >= 19)
    others = [identity(message) for message in messages[1:]]
    assert (properties.message_id, sorted(seen)) == (identity(messages[0]), sorted(others))


def test_attempts_count_across_restarts_on_an_ordered_queue(broker: Broker) -> None:
    """What is held for its next attempt when its consumer ends has lost none of its attempts."""
    subscription, publisher = subscribe(broker, ordered=True)
    attempts: list[int] = []

    def fail(message: Message) -> None:
        attempts.append(message.attempt)
        raise TransientError("store.busy", "the store is busy")

    consumer = consume(broker, subscription, publisher, fail, max_attempts=6)
    publisher.publish([event(broker.topology, "customer/1")]).require()
    assert eventually(lambda: len(attempts) == 4)
    consumer.stop()
    consume(broker, subscription, publisher, fail, max_attempts=6)
    broker.take(subscription.dead_letters.name)

    assert attempts == [1, 2, 3, 4, 5, 6]
