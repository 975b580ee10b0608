"""Older versions of a message, brought up to the one that this package knows; all in one place.

A message waits in queues and dead letters longer than a deployment takes, so a reader meets
versions that are older than itself. Each step is a plain function from the body of version n
to that of version n + 1, without side effects; steps are chained. A version for which there is
no chain is unknown, above all one that is newer than this package.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from midspan.kernel.errors import RecordError

Body = dict[str, Any]
Step = Callable[[Body], Body]


class Upcasters:
    """Steps by message name and the version they start from: ``{("customer.updated", 1): …}``."""

    def __init__(self, steps: Mapping[tuple[str, int], Step]) -> None:
        self._steps = dict(steps)

    def versions(self, name: str, current: int) -> tuple[int, ...]:
        """Return the versions of a message that can be read, the current one first."""
        found = [current]
        while (name, found[-1] - 1) in self._steps:
            found.append(found[-1] - 1)
        return tuple(found)

    def upcast(self, name: str, version: int, body: Body, current: int) -> Body:
        """Return ``body`` as version ``current`` says it.

        Raises RecordError ``message.type_unknown`` for a version that no chain leads from.
        """
        if version not in self.versions(name, current):
            raise RecordError(
                "message.type_unknown",
                f"version {version} of {name} is not known here; known is {current}",
                remedy="Update the client library",
            )
        for step in range(version, current):
            body = self._steps[name, step](body)
        return body


EVENT_UPCASTERS: Final = Upcasters({})
"""Steps of the events that the centers tell; every event is in its first version."""
