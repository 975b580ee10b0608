"""The keys that an rpc system and its streams add to their YAML.

Every text or tree marked *template* may hold placeholders (see ``adapters.templates``).
Known everywhere: ``{database}`` (the connection's schema), ``{login}``, ``{password}``,
``{extra.NAME}``, the names of ``adapters.derive.MOMENT_NAMES``, and, once logged in, every name
under ``session.take`` and ``session.derive``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from config.tree import Node


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One remote call. ``method``, ``params`` and ``path`` are templates.

    ``path`` takes the place of the system's; it knows ``{method}`` besides the call's names.
    """

    method: str
    params: Node
    path: str | None = None


@dataclass(frozen=True, slots=True)
class TakingSpec(CallSpec):
    """A call of whose result values are taken, by their path, as ``session.take`` does."""

    take: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """How one gets in and stays in.

    ``before`` are calls made before the login, in turn: each knows what those before it took.
    ``take`` names values of the login's result by their path (``0``, ``user.id``; empty: the
    result itself). ``derive`` makes values of others, see ``adapters.derive``. ``headers`` go
    with every call but those of the login; they are templates. ``members`` go with them, too,
    beside ``method`` and ``params`` of JSON-RPC: ``{auth: "{token}"}``. An expired session
    (status 401 or 403, or an error that the table calls ``expired``) is opened anew in the
    middle of a job.
    """

    login: CallSpec | None = None
    logout: CallSpec | None = None
    before: tuple[TakingSpec, ...] = ()
    take: Mapping[str, str] = field(default_factory=dict)
    derive: Mapping[str, Node] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Node | None = None


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """Pieces of ``{filter}``, each a template: lists are joined, mappings are merged.

    ``after`` goes on behind the key ``{after}``; ``since`` asks for what changed at
    ``{lower}`` or later, in the cursor's own form; ``keys`` asks for the list ``{keys}``;
    ``reference`` for the records whose ``{field}`` holds our ``{reference}``.
    """

    after: Node | None = None
    since: Node | None = None
    keys: Node | None = None
    reference: Node | None = None


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """How a page of a stream is asked for.

    Placeholders beside the common ones: ``{model}``, ``{filter}``, ``{limit}``, ``{fields}``,
    and, for systems whose filter is no tree, ``{lower}``, ``{after}``, ``{keys}``, ``{offset}``
    and ``{page}`` themselves: a member whose placeholder has no value is left out, in the list
    of parameters itself it is null. ``paging`` key follows ``key``, the unique field by which
    rows are sorted, lowest first; offset and page (from ``first_page``) walk a list that may
    move; none asks once. ``limit`` is the rows of a page; ``rows`` is the path of the rows in
    the result, empty when the result is the rows. ``path`` is as for any call.
    """

    method: str
    params: Node
    filter: FilterSpec = field(default_factory=FilterSpec)
    paging: Literal["key", "offset", "page", "none"] = "key"
    first_page: int = 1
    key: str = "id"
    limit: int = 200
    rows: str = ""
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ValuesSpec:
    """What values mean that say something else than they are.

    ``nulls`` lists what stands for an empty value: ``[false, {}]``. False is that only in
    fields that are no booleans: those under ``booleans``, or, where that is not said, those
    that ``discover.fields`` calls so. ``pairs`` says what becomes of a reference ``[7, "Name"]``:
    its id, its name, or a record ``{id, name}``. ``datetimes`` (a ``strftime`` format) and
    ``decimals`` are how written values are sent where ``type_tag`` marks none. ``typed``
    sends a cursor's bound as a date-time instead of text.
    """

    nulls: tuple[Any, ...] = ()
    booleans: tuple[str, ...] | None = None
    pairs: Literal["keep", "id", "name", "both"] = "keep"
    datetimes: str | None = None
    decimals: Literal["number", "text"] = "number"
    typed: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelsSpec:
    """The call that lists what there is to read.

    ``rows`` is the path of the list in the result; ``name`` and ``label`` are its members.
    """

    method: str
    params: Node
    path: str | None = None
    rows: str = ""
    name: str = "model"
    label: str = "name"


@dataclass(frozen=True, slots=True)
class FieldsSpec:
    """The call that describes the fields of ``{model}``.

    Its result, or what is at ``rows`` in it, is a mapping by name or a list of records. The
    other keys name the members of a field's description. ``types`` adds to the known words
    for types, or corrects them.
    """

    method: str
    params: Node
    path: str | None = None
    rows: str = ""
    name: str = "name"
    type: str = "type"
    label: str = "string"
    required: str = "required"
    relation: str = "relation"
    size: str = "size"
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiscoverSpec:
    """How the system describes itself; without ``models``, configured ones are described."""

    models: ModelsSpec | None = None
    fields: FieldsSpec | None = None


@dataclass(frozen=True, slots=True)
class GrantedSpec:
    """The call that says whether the user has ``{right}`` on ``{model}``.

    ``at`` is the way to the answer in the result, each step a template; ``rights`` are the
    system's words for read, create, update and delete.
    """

    method: str
    params: Node
    path: str | None = None
    at: tuple[str, ...] = ()
    rights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WriteCallSpec:
    """A call that changes a record of ``{model}``: ``{values}``, and except to create ``{key}``.

    ``key`` is the path of the new record's key in the result of a create.
    """

    method: str
    params: Node
    path: str | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class WritesSpec:
    """How records are changed; what a stream allows stands under its own ``write``."""

    create: WriteCallSpec | None = None
    update: WriteCallSpec | None = None
    delete: WriteCallSpec | None = None


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What an error reply means whose text holds the pattern ``match``.

    The text is a JSON-RPC error's JSON, or an XML-RPC fault's ``code: text``. A group called
    ``name`` in the pattern is shown in the message: let it match technical names only.
    ``invalid`` and ``missing`` are said of a write: its values, or its key, are refused.
    """

    match: re.Pattern[str]
    means: Literal["denied", "expired", "busy", "drift", "invalid", "missing", "refused"]
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class RpcSpec:
    """An rpc system.

    ``path`` is a template; it knows ``{method}``, and ``{model}`` where a call has one.
    ``protocol`` json puts the method into the path, parameters into the body, and takes the
    reply for the result. ``version`` 1.0 sends id, method and params alone. ``type_tag`` is
    the member by which the system marks wrapped values (datetime, date, time, timedelta,
    Decimal, bytes); without it values are plain. ``count`` returns how many records a
    ``{filter}`` finds and guards key listings. ``errors`` come before the known patterns.
    """

    path: str
    read: ReadSpec
    protocol: Literal["jsonrpc", "xmlrpc", "json"] = "jsonrpc"
    version: Literal["1.0", "2.0"] = "2.0"
    type_tag: str | None = None
    session: SessionSpec = field(default_factory=SessionSpec)
    values: ValuesSpec = field(default_factory=ValuesSpec)
    count: CallSpec | None = None
    discover: DiscoverSpec = field(default_factory=DiscoverSpec)
    granted: GrantedSpec | None = None
    writes: WritesSpec = field(default_factory=WritesSpec)
    errors: tuple[ErrorRule, ...] = ()


@dataclass(frozen=True, slots=True)
class RpcStreamSpec:
    """A stream or part of an rpc system.

    ``fields`` may reach into related records (``addresses.city``), which then arrive as
    nested records; without it, exactly the mapped fields are asked for. A field under
    ``related`` (itself a path) names the model that is read by its ids, a page at once; any
    other dotted field is the system's own to follow. ``where`` is a piece of ``{filter}``
    that always holds (archived rows included, for instance); ``since`` takes the place of the
    system's. A part's cursor may reach into a related record, too.
    """

    model: str
    fields: tuple[str, ...] = ()
    related: Mapping[str, str] = field(default_factory=dict)
    where: Node | None = None
    since: Node | None = None
