"""The keys that an rpc system and its streams add to their YAML.

Every text or tree marked *template* may hold placeholders (see ``adapters.templates``).
Known everywhere: ``{database}`` (the connection's schema), ``{login}``, ``{password}``, and,
once logged in, every name under ``session.take`` and ``session.base64``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from config.tree import Node


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One remote call. ``method`` and ``params`` are templates."""

    method: str
    params: Node


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """How one gets in and stays in.

    ``take`` names values of the login's result by their path (``0``, ``user.id``; empty: the
    result itself). ``base64`` names encoded texts made of them, ``headers`` go with every
    other call; both are templates. An expired session (status 401 or 403, or an error that
    the table calls ``expired``) is opened anew in the middle of a job.
    """

    login: CallSpec | None = None
    logout: CallSpec | None = None
    take: Mapping[str, str] = field(default_factory=dict)
    base64: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """Pieces of ``{filter}``, each a template: lists are joined, mappings are merged.

    ``after`` goes on behind the key ``{after}``; ``since`` asks for what changed at
    ``{lower}`` or later, in the cursor's own form; ``keys`` asks for the list ``{keys}``.
    """

    after: Node
    since: Node | None = None
    keys: Node | None = None


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """How a page of a stream is asked for, in the order of ``key``, lowest first.

    Placeholders beside the common ones: ``{model}``, ``{filter}``, ``{limit}``, ``{fields}``.
    ``key`` is the unique field that pages follow; ``limit`` is the rows of a page; ``rows``
    is the path of the rows in the result, empty when the result is the rows.
    """

    method: str
    params: Node
    filter: FilterSpec
    key: str = "id"
    limit: int = 200
    rows: str = ""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What an error reply means whose JSON text holds the pattern ``match``.

    A group called ``name`` in the pattern is shown in the message: let it match technical
    names only.
    """

    match: re.Pattern[str]
    means: Literal["denied", "expired", "busy", "drift", "refused"]
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class RpcSpec:
    """An rpc system.

    ``path`` is a template. ``version`` 1.0 sends id, method and params alone. ``type_tag``
    is the member by which the system marks wrapped values (datetime, date, time, timedelta,
    Decimal, bytes); without it values are plain JSON. ``count`` returns how many records a
    ``{filter}`` finds and guards key listings. ``errors`` come before the known patterns.
    """

    path: str
    read: ReadSpec
    protocol: Literal["jsonrpc"] = "jsonrpc"
    version: Literal["1.0", "2.0"] = "2.0"
    type_tag: str | None = None
    session: SessionSpec = field(default_factory=SessionSpec)
    count: CallSpec | None = None
    errors: tuple[ErrorRule, ...] = ()


@dataclass(frozen=True, slots=True)
class RpcStreamSpec:
    """A stream or part of an rpc system.

    ``fields`` may reach into related records (``addresses.city``), which then arrive as
    nested records; without it, exactly the mapped fields are asked for. ``where`` is a piece
    of ``{filter}`` that always holds (archived rows included, for instance); ``since`` takes
    the place of the system's. A part's cursor may reach into a related record, too.
    """

    model: str
    fields: tuple[str, ...] = ()
    where: Node | None = None
    since: Node | None = None
