"""Commands: sent until the broker has kept them, and carried out once.

The id of a command's message is made from the app, the command and its key. Sending it again
under the same key, by a repetition here, after a crash or from another process, changes nothing.
"""

import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

import msgspec

from midspan.kernel.errors import TransientError
from shared_services.client.transport import Transport
from shared_services.contracts.commands import Command
from shared_services.messaging.context import next_traceparent
from shared_services.messaging.envelope import Envelope

_COMMANDS: Final = UUID("0b7f7f0a-5b0e-4d6e-8e0c-636f6d6d616e")
_PAUSE: Final = 0.1


class Sender:
    """Sends the commands of ``app``; ``timeout`` seconds bound all repetitions together."""

    def __init__(self, transport: Transport, app: str, timeout: float) -> None:
        self._transport = transport
        self._app = app
        self._timeout = timeout

    def send(
        self,
        command: Command,
        body: msgspec.Struct,
        *,
        about: int,
        key: str | None,
        timeout: float | None,
    ) -> str:
        """Return the id of the message once it is kept.

        Raises TransientError ``broker.*`` when it was not, as far as is known: the same ``key``
        makes it safe to try again. ProtocolError ``message.unroutable``: the center was never
        started.
        """
        envelope = self._envelope(command, about, key)
        encoded = msgspec.json.encode(body)
        ends = time.monotonic() + (self._timeout if timeout is None else timeout)
        while True:
            left = max(ends - time.monotonic(), 0.001)
            try:
                self._transport.send(command, envelope, encoded, left)
            except TransientError:
                if time.monotonic() + _PAUSE >= ends:
                    raise
                time.sleep(_PAUSE)
            else:
                return envelope.id

    def _envelope(self, command: Command, about: int, key: str | None) -> Envelope:
        name = f"{self._app}/{command.name}/{key or uuid4()}"
        return Envelope(
            id=str(uuid5(_COMMANDS, name)),
            source=self._app,
            type=command.routing_key,
            time=datetime.now(UTC),
            subject=f"{command.entity}/{about}",
            traceparent=next_traceparent(),
            idempotency_key=key,
        )
