"""A consumer that hangs in its handler, to be killed there.

Arguments: broker URL, namespace, and a file that appears when a message is in hand.
"""

import sys
import time
from pathlib import Path

from shared_services.messaging.connection import Connection
from shared_services.messaging.consumer import Consumer, Message
from shared_services.messaging.publisher import Publisher
from shared_services.messaging.topology import Declaration, Topology


def main(url: str, namespace: str, marks: str) -> None:
    """Consume until killed."""
    incoming, outgoing = Connection(url, "victim"), Connection(url, "victim-retries")
    incoming.open()
    outgoing.open()
    publisher = Publisher(outgoing, Declaration())
    publisher.start()
    topology = Topology(namespace)
    subscription = topology.subscription("app", "events", ["#"], delays=(0.05, 0.1))

    def hang(_message: Message) -> None:
        Path(marks).touch()
        time.sleep(60)

    Consumer(incoming, publisher, subscription, hang).start()
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
