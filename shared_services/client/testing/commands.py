"""Commands in memory: each carried out once, in order, when its center runs."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from midspan.kernel.errors import MidspanError
from shared_services.client.testing.queues import DeadLetter
from shared_services.contracts.commands import COMMANDS, Command
from shared_services.messaging.context import Work, working
from shared_services.messaging.envelope import Envelope, decode

_NAME: Final = "commands"

Carry = Callable[[Any, Envelope], None]


class CommandQueue:
    """The commands of all centers; ``table`` carries them out, by routing key."""

    def __init__(self, table: Mapping[str, Carry]) -> None:
        self._table = table
        self._lock = threading.RLock()
        self._waiting: list[tuple[Command, Envelope, bytes]] = []
        self._seen: set[str] = set()
        self._given_up: dict[str, list[DeadLetter]] = {}
        self.owners = {(command.center, _NAME) for command in COMMANDS.values()}

    def put(self, command: Command, envelope: Envelope, body: bytes) -> None:
        """Keep a command."""
        with self._lock:
            self._waiting.append((command, envelope, body))

    def work(self, stopped: Collection[str]) -> None:
        """Carry out what waits for centers that are not ``stopped``."""
        with self._lock:
            left, self._waiting = self._waiting, []
            for command, envelope, body in left:
                if command.center in stopped:
                    self._waiting.append((command, envelope, body))
                elif envelope.id not in self._seen:
                    self._carry_out(command, envelope, body)

    def dead_letters(self, center: str) -> list[DeadLetter]:
        """Return what a center has given up."""
        return list(self._given_up.get(center, ()))

    def _carry_out(self, command: Command, envelope: Envelope, body: bytes) -> None:
        try:
            with working(Work(envelope.traceparent, None, envelope.id)):
                self._table[command.routing_key](decode(body, command.body), envelope)
            self._seen.add(envelope.id)
        except MidspanError as error:
            letters = self._given_up.setdefault(command.center, [])
            letters.append(DeadLetter(envelope, body, error.code, 1))
