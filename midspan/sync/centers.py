"""The centers this platform runs, and which of them owns an entity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import MetaData

from midspan.store.revision import Revision
from shared_services.contracts.methods import Method
from shared_services.golden.model import GoldenModel

NAMES = ("user_center", "product_center")


@dataclass(frozen=True, slots=True)
class Center:
    """One center: its tables, its entities and the methods it answers, alone and together."""

    name: str
    metadata: MetaData
    revision: Revision
    models: Mapping[str, GoldenModel]
    rpc: Mapping[Method, Callable[..., Any]]
    rpc_many: Mapping[Method, Callable[..., Any]]


def load_center(name: str) -> Center:
    """Import one center."""
    model = import_module(f"shared_services.{name}.model")
    handlers = import_module(f"shared_services.{name}.handlers")
    revision = Revision(name, str(model.REVISION))
    return Center(name, model.METADATA, revision, model.MODELS, handlers.RPC, handlers.RPC_MANY)


def load_centers() -> dict[str, Center]:
    """Import every center, by name."""
    return {name: load_center(name) for name in NAMES}
