"""The fast path reads and writes frames as pika does, however they are cut."""

import contextlib
import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pika import BasicProperties, frame
from pika.exceptions import ShortStringTooLong

from midspan.kernel.errors import RecordError
from shared_services.messaging import fastpath, properties
from shared_services.messaging.acks import Acks
from shared_services.messaging.deliveries import Delivery
from shared_services.messaging.publisher import Outgoing, Publisher
from shared_services.messaging.topology import Declaration
from shared_services.messaging.wire import PlainWire
from tests.fixtures_broker import Broker, eventually
from tests.messaging.streams import Keeping
from tests.messaging.tls_door import TlsDoor

FRAME = fastpath.FRAME_MAX - 8
SIZES = (0, 1, 37, 4096, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 2 * FRAME + 1, 1_000_000)
MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VALUES = ("text", "Grüße", "", 7, -(2**40), True, None, b"\xff\x00", MOMENT, Decimal("1.5"))
NESTED = ([1, "a", None], {"inner": {"deeper": [True]}})


def some_properties(rng: random.Random) -> BasicProperties:
    """Return properties with any of the fields, and headers of any types."""
    names = ["".join(rng.choices("abc-:é", k=rng.randint(1, 12))) for _ in range(rng.randint(0, 8))]
    chosen = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "headers": {name: rng.choice((*VALUES, *NESTED)) for name in names},
        "delivery_mode": rng.choice((1, 2)),
        "priority": rng.randint(0, 255),
        **{name: name * rng.randint(0, 9) for name in ("correlation_id", "reply_to", "type")},
        "expiration": "60000",
        "message_id": "ü" * rng.randint(0, 120),
        "timestamp": rng.randint(0, 2**63),
        "user_id": "guest",
        "app_id": "shop",
        "cluster_id": "c",
    }
    return BasicProperties(**{name: chosen[name] for name in chosen if rng.random() < 0.6})


def test_properties_are_pikas_to_the_byte() -> None:
    """Whatever the fields and types, encoding and decoding are what pika makes of them."""
    rng = random.Random(7)  # noqa: S311 no secrets
    for _ in range(500):
        given = some_properties(rng)
        raw = b"".join(given.encode())

        assert properties.encode(given) == raw
        assert properties.decode(raw) == BasicProperties().decode(raw)


def test_a_template_is_the_encoding_of_what_it_stands_for() -> None:
    """The texts that vary are put where AMQP wants them."""
    mark = properties.Template.MARK
    template = properties.Template(
        BasicProperties(content_type="a", headers={"x": 1}, correlation_id=mark, type=mark)
    )

    wanted = BasicProperties(content_type="a", headers={"x": 1}, correlation_id="42", type="Grüße")
    assert template.raw("42", "Grüße") == properties.encode(wanted)


def test_properties_that_cannot_be_read_are_an_error_of_the_message() -> None:
    """Whatever is cut off or wrong, the one error is ours, or it is read as pika reads it."""
    rng = random.Random(11)  # noqa: S311 no secrets
    for _ in range(2000):
        raw = bytearray(properties.encode(some_properties(rng)))
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        cut = bytes(raw[: rng.randint(0, len(raw))])
        with contextlib.suppress(RecordError):
            properties.decode(cut)


def test_a_text_too_long_for_amqp_is_refused_as_pika_does() -> None:
    """It is told before anything is written."""
    with pytest.raises(ShortStringTooLong):
        properties.encode(BasicProperties(message_id="x" * 256))


class Recording(PlainWire):
    """Notes acknowledgements."""

    def __init__(self) -> None:
        self.said: list[tuple[int, bool]] = []

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Note it."""
        self.said.append((tag, multiple))


def test_each_tag_is_acknowledged_once_and_none_too_early() -> None:
    """Whatever the order of settling, what the acks say is exactly what was settled."""
    rng = random.Random(3)  # noqa: S311 no secrets
    for _ in range(50):
        acks, wire, settled, told = Acks(), Recording(), set[int](), set[int]()
        tags = list(range(1, 101))
        rng.shuffle(tags)
        while tags:
            some = [tags.pop() for _ in range(min(len(tags), rng.randint(1, 20)))]
            settled.update(some)
            acks.write(wire, some)
            for tag, multiple in wire.said:
                assert tag not in told, "an unknown tag closes the channel"
                told |= set(range(1, tag + 1)) if multiple else {tag}
            wire.said.clear()
            assert told == settled


@pytest.mark.parametrize("receive", [37, 4096, fastpath.RECEIVE_BYTES])
def test_bodies_of_all_sizes_arrive_whole(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, receive: int
) -> None:
    """Also when they are split into frames, and frames into many reads."""
    sizes = SIZES if receive > 37 else SIZES[:4]
    bodies = [(b"%d," % size * size)[:size] for size in sizes for _ in range(2)]
    queue = broker.channel.queue_declare("", exclusive=False, auto_delete=True).method.queue
    monkeypatch.setattr(fastpath, "RECEIVE_BYTES", receive)
    keeping = Keeping(broker.connect("consumer"), queue)
    keeping.start()
    publisher = Publisher(broker.connect("publisher"), Declaration())
    publisher.start()
    given = BasicProperties(headers={"Grüße": [1, None]}, message_id="42", delivery_mode=1)

    result = publisher.publish([Outgoing("", queue, given, body) for body in bodies])

    assert result.complete
    assert eventually(lambda: len(keeping.bodies) == len(bodies))
    assert keeping.bodies == bodies
    assert all(each == given for each in keeping.properties)


def test_channels_of_one_connection_do_not_mix(broker: Broker) -> None:
    """Large bodies of several consumers, interleaved frame by frame, each arrive at their own."""
    connection = broker.connect("consumers")
    queues = [broker.channel.queue_declare("", auto_delete=True).method.queue for _ in range(3)]
    keeping = [Keeping(connection, queue) for queue in queues]
    for each in keeping:
        each.start()
    bodies = [[bytes((number, turn)) * 100_000 for turn in range(6)] for number in range(3)]
    publisher = Publisher(broker.connect("publisher"), Declaration())
    publisher.start()

    publisher.publish(
        [
            Outgoing("", queues[number], BasicProperties(), bodies[number][turn])
            for turn in range(6)
            for number in range(3)
        ]
    ).require()

    assert eventually(lambda: [each.bodies for each in keeping] == bodies)


def test_frames_of_tls_are_the_same(broker: Broker) -> None:
    """Behind TLS, small and large messages go both ways."""
    queue = broker.channel.queue_declare("", auto_delete=True).method.queue
    with TlsDoor(broker.url) as door:
        connection, other = broker.connect("tls", door.url), broker.connect("tls", door.url)
        keeping, publisher = Keeping(connection, queue), Publisher(other, Declaration())
        keeping.start()
        publisher.start()
        bodies = [b"x" * 300_000, *(b"%d" % number for number in range(500))]

        publisher.publish([Outgoing("", queue, BasicProperties(), body) for body in bodies])

        assert eventually(lambda: keeping.bodies == bodies)
        connection.close()
        other.close()


def test_a_method_split_between_deliver_and_header_is_kept() -> None:
    """A taker that was begun goes on with the frames of the next read."""
    given: list[Delivery] = []
    taker = fastpath.Taker("c", given.extend)
    method = bytes.fromhex("003c003c") + b"\x01c" + (5).to_bytes(8, "big") + b"\x00\x00\x03key"
    header = frame.Header(1, 4, BasicProperties(message_id="42")).marshal()[7:-1]

    taken = [
        taker.take(1, method, 0, len(method)),
        taker.take(2, header, 0, len(header)),
        taker.take(3, b"bo", 0, 2),
        taker.take(3, b"dy", 0, 2),
    ]
    taker.hand_over()

    assert taken == [True] * 4
    assert [(d.tag, d.routing_key, d.body, d.properties.message_id) for d in given] == [
        (5, "key", b"body", "42")
    ]
