"""Records of chosen fields: an entity of which each field may be left out.

What identifies a record and places it in time (``id``, ``epoch``, ``sequence``, ``as_of``) is
always there. A field that was not asked for is ``UNSET``, and missing on the wire; one that was
asked for and has no value is None. Types, limits and personal marks are the entity's own.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

from midspan.kernel.errors import RemoteError

ALWAYS = ("id", "epoch", "sequence", "as_of")


@cache
def selection_of(entity: type[Struct]) -> type[Struct]:
    """Return the struct ``Selected…`` of a golden entity."""
    hints = get_type_hints(entity, include_extras=True)
    always = [(name, hints[name]) for name in ALWAYS]
    chosen = [(name, hints[name] | UnsetType, UNSET) for name in selectable(entity)]
    return msgspec.defstruct(
        f"Selected{entity.__name__}",
        [*always, *chosen],
        module=__name__,
        frozen=True,
        kw_only=True,
        namespace={"__doc__": f"{entity.__name__}, with the fields that were asked for."},
    )


def selectable(entity: type[Struct]) -> tuple[str, ...]:
    """Return the names of the fields that may be asked for."""
    return tuple(name for name in entity.__struct_fields__ if name not in ALWAYS)


def select_fields(entity: type[Struct], record: Struct, fields: Sequence[str]) -> Any:
    """Return ``record`` with these fields alone."""
    return selection_of(entity)(**{name: getattr(record, name) for name in {*ALWAYS, *fields}})


def require_selectable(entity: type[Struct], fields: Iterable[str]) -> None:
    """Raise RemoteError ``rpc.invalid_request`` where a name is none of the entity's fields."""
    known = selectable(entity)
    unknown = [name for name in fields if name not in known and name not in ALWAYS]
    if unknown:
        raise RemoteError(
            "rpc.invalid_request",
            f"{len(unknown)} of the fields asked for do not exist; known are {', '.join(known)}",
            detail={"field": "$.fields", "known": list(known)},
        )
