"""Commands: what apps ask a center to do, without waiting for it.

Routing key ``{name}.v{version}`` on the commands exchange. A command is stored by the broker
when it was sent, waits while its center is down, and is carried out once, however often it is
sent under the same key. What became of it is told by events.
"""

from typing import Annotated

from msgspec import Meta, Struct

from shared_services.contracts.entities import Moment
from shared_services.contracts.methods import Id

Purpose = Annotated[
    str,
    Meta(pattern="^[a-z][a-z0-9_]{0,39}$", description="what for, as in newsletter"),
]


class RecordConsent(Struct, frozen=True, kw_only=True):
    """A customer allowed or forbade the use of their data for a purpose.

    The latest word for each customer and purpose stands. Told as ``customer.updated`` with
    ``consents`` among its changed fields.
    """

    id: Id
    purpose: Purpose
    granted: bool
    at: Moment


class Command(Struct, frozen=True):
    """One command; ``center`` is the service that carries it out, ``entity`` what it is about."""

    name: str
    center: str
    entity: str
    body: type[Struct]
    version: int = 1

    @property
    def routing_key(self) -> str:
        """Return the command's topic on the commands exchange."""
        return f"{self.name}.v{self.version}"


CUSTOMER_RECORD_CONSENT = Command(
    "customer.record_consent", "user_center", "customer", RecordConsent
)

COMMANDS = {command.routing_key: command for command in (CUSTOMER_RECORD_CONSENT,)}
