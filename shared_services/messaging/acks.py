"""Acknowledging with few words: a run of settled messages is acknowledged by its last.

Guarantee: each tag is acknowledged once, and none before it was settled. A message that takes
long delays no other's acknowledgement.
"""

from collections.abc import Sequence

from shared_services.messaging.wire import Wire


class Acks:
    """Which tags of one channel are settled; used in the connection's thread alone."""

    def __init__(self) -> None:
        self._next = 1
        self._ahead: set[int] = set()

    def passed(self, tag: int) -> None:
        """Note that ``tag`` was settled in another way, such as handed back."""
        self._ahead.add(tag)

    def write(self, wire: Wire, tags: Sequence[int]) -> None:
        """Acknowledge ``tags``; the wire is flushed by the caller."""
        if not tags:
            return
        ahead, following = self._ahead, self._next
        ahead.update(tags)
        while following in ahead:
            ahead.remove(following)
            following += 1
        self._next = following
        # Of the run, tags that were settled before are unknown to the broker by now.
        within = [tag for tag in tags if tag < following]
        if within:
            wire.ack(max(within), multiple=len(within) > 1)
        for tag in tags:
            if tag >= following:
                wire.ack(tag)
