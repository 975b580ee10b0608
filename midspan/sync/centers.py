"""The centers this platform runs, and which of them owns an entity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import MetaData

from midspan.store.revision import Revision
from shared_services.contracts.commands import Command
from shared_services.contracts.methods import Method
from shared_services.golden.model import GoldenModel
from shared_services.outbox.inbox import InboxTables

NAMES = ("user_center", "product_center")


@dataclass(frozen=True, slots=True)
class Center:
    """One center: its tables and entities, the methods it answers, the commands it carries out.

    ``rpc_many`` answers calls that arrive together.
    """

    name: str
    metadata: MetaData
    revision: Revision
    models: Mapping[str, GoldenModel]
    rpc: Mapping[Method, Callable[..., Any]]
    rpc_many: Mapping[Method, Callable[..., Any]]
    commands: Mapping[Command, Callable[..., Any]]
    inbox: InboxTables


def load_center(name: str) -> Center:
    """Import one center."""
    model = import_module(f"shared_services.{name}.model")
    handlers = import_module(f"shared_services.{name}.handlers")
    revision = Revision(name, str(model.REVISION))
    return Center(
        name,
        model.METADATA,
        revision,
        model.MODELS,
        handlers.RPC,
        handlers.RPC_MANY,
        handlers.COMMANDS,
        model.INBOX,
    )


def load_centers() -> dict[str, Center]:
    """Import every center, by name."""
    return {name: load_center(name) for name in NAMES}
