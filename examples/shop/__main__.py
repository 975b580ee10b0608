"""`python -m examples.shop --db FILE`: follow the shared services until told to stop.

Guarantee: it may be killed at any moment and started again; the broker keeps its events
meanwhile. While the broker is away it tries again every few seconds.
"""

import argparse
import logging
import os
import signal
import threading
from pathlib import Path
from typing import Final

from examples.shop.handlers import TOPICS, Handlers
from examples.shop.model import ReadModel
from shared_services.client import Client, NoPositions, TransientError

APP: Final = "shop"
_PAUSE_SECONDS: Final = 3.0

log = logging.getLogger("shop")


def main() -> None:
    """Follow until SIGTERM or SIGINT, then finish what is in hand."""
    parser = argparse.ArgumentParser(prog="python -m examples.shop", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="the read model; made if missing")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    model = ReadModel(options.db)
    try:
        while not stop.is_set():
            _follow(model, stop)
    finally:
        model.close()


def _follow(model: ReadModel, stop: threading.Event) -> None:
    """Follow until ``stop``; return early when the broker cannot be reached at the start."""
    url = os.environ.get("MIDSPAN_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")
    client = Client(url, APP, namespace=os.environ.get("MIDSPAN_AMQP_NAMESPACE", "midspan"))
    # The read model remembers positions by itself, in the transaction of what it shows.
    client.subscribe(*TOPICS, positions=NoPositions())(Handlers(client, model).on_event)
    try:
        with client:
            client.start()  # from here on lost connections come back by themselves
            log.info("ready")
            stop.wait()
    except TransientError as error:
        log.warning("waiting for the broker: %s", error)
        stop.wait(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
