"""The keys that a rest system and its streams add to their YAML: pure data.

A *path into a reply* names members from the outside in, ``data.items``; empty is the reply
itself, ``header:Name`` a header of it. It passes through lists: ``orders.lines`` are the lines
of all orders. In XML the names are local names below the root element.

*Templates* (see ``adapters.templates``) make paths, queries and bodies. A member whose
placeholder holds nothing is left out, and so is what becomes empty by that. Placeholders:

=========================  ======================================================
``{lower}``                the first change to read, in the cursor's own form
``{now}``                  the system's clock, in the same form
``{page}``, ``{offset}``   the page's number, or the place of its first row
``{row_from}``             the place of its first row, counted from ``paging.first``, and
                           ``{row_to}``, of its last one
``{page_size}``            the rows that a page may hold
``{cursor}``               the token that the page before gave
``{after}``                ``keyset``: the last value of ``paging.field``
``{NAME}``                 in ``detail``: a field of the primary key
``{keys}``                 in ``detail``: several keys; joined by commas, in a body a list
``{reference}``            in ``find`` and in changes: our own reference
``{values}``               in changes: all fields that are written, as they are nested
``{values.NAME}``          in changes: one of them
``{NAME}``                 in ``update`` and ``delete``: a field of the primary key
``{schema}``               everywhere: the connection's schema
``{login}`` etc.           everywhere but in a stream's paths: the connection's ``login``,
                           ``password`` and ``extra.NAME``; once logged in, ``token`` or what
                           is taken; what is derived; ``request.epoch``, ``request.epoch_ms``,
                           ``request.time`` and ``request.nonce``
``{request.method}``       in ``auth.headers`` and ``auth.query``, as ``request.path``,
                           ``request.query`` and ``request.body``: what is to be signed
=========================  ======================================================

In a query or form, ``{json: ...}`` is the JSON text of what it holds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from config.tree import Node

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"]
Format = Literal["json", "xml"]
Meaning = Literal["denied", "expired", "busy", "drift", "empty", "refused"]


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One request. ``body`` is sent as ``sends``, ``form`` as form fields; either makes it a POST.

    In XML the body has one root element; ``@name`` is an attribute, a list repeats its element.
    """

    path: str
    method: Method | None = None
    query: Node | None = None
    body: Node | None = None
    form: Node | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sends: Format = "json"


@dataclass(frozen=True, slots=True)
class TakingSpec(CallSpec):
    """A call of which values are taken: ``take`` names them by their path in the reply."""

    take: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoginSpec(TakingSpec):
    """The call that begins a session; a cookie is kept without being named.

    ``before`` are calls made first, in turn: each knows what those before it took.
    ``basic`` sends login and password in the header of this call.
    """

    before: tuple[TakingSpec, ...] = ()
    basic: bool = False
    logout: CallSpec | None = None


@dataclass(frozen=True, slots=True)
class OAuth2Spec:
    """Tokens by client credentials, by a refresh token or by a user's password.

    The connection's login and password are the client's; by ``password`` they are the user's,
    and the client's stand in ``extra.client_id`` and ``extra.client_secret``. The refresh token
    is ``extra.refresh_token``. ``token_url`` may be a path on the system or an address
    elsewhere. ``params`` go with the request, as templates; ``sends`` is its form.
    """

    token_url: str
    grant: Literal["client_credentials", "refresh_token", "password"] = "client_credentials"
    credentials: Literal["header", "body"] = "header"
    sends: Literal["form", "json"] = "form"
    scope: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuthSpec:
    """How one gets in. ``headers`` and ``query`` are templates that go with each call.

    ``basic`` and ``bearer`` (a template of the token) write the usual header. With ``oauth2``
    the bearer is the token. A reply of a status in ``expired`` means that the session or
    token ended; it is then renewed once. ``derive`` makes values of others, see
    ``adapters.derive``. Client certificates stand in the connection's extra.
    """

    basic: bool = False
    bearer: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    oauth2: OAuth2Spec | None = None
    login: LoginSpec | None = None
    derive: Mapping[str, Node] = field(default_factory=dict)
    expired: tuple[int, ...] = (401,)


@dataclass(frozen=True, slots=True)
class PagingSpec:
    """How a list is cut; ``query``, ``body`` and ``form`` are added to the list's own.

    ``next`` is the path of the token (``cursor``) or of the address (``next``). ``field`` is
    what ``keyset`` sorts by, lowest first: the primary key or the cursor's field. The end is
    where ``more`` is false, ``total`` is reached, ``next`` is missing, the reply's status is
    in ``end_status``, or else by ``until``. ``overlap`` is how many records a numbered page
    shows again, so that a list which moves while it is read is noticed. ``first`` is the number
    of the first page, and of the first row in ``{row_from}``.
    """

    style: Literal["none", "page", "offset", "cursor", "next", "link", "keyset"]
    size: int = 100
    query: Node | None = None
    body: Node | None = None
    form: Node | None = None
    first: Literal[0, 1] = 1
    next: str | None = None
    field: str | None = None
    more: str | None = None
    total: str | None = None
    until: Literal["empty_page", "short_page"] | None = None
    end_status: tuple[int, ...] = ()
    overlap: int = 3


@dataclass(frozen=True, slots=True)
class SinceSpec:
    """What a call becomes when only changes are asked for: all are templates.

    ``path`` takes the place of the list's own; ``query``, ``body`` and ``form`` are added to it.
    ``beginning`` is the lower bound of a full reading, for systems that always want one.
    ``format`` and ``zone`` write the bound where it differs from the records' own stamps.
    """

    path: str | None = None
    query: Node | None = None
    body: Node | None = None
    form: Node | None = None
    beginning: str | None = None
    format: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class ListingSpec(CallSpec):
    """A call that lists records, which stand at the path ``rows``.

    ``keyed_by``: the records are members of an object, and their names become this field.
    ``carry`` copies values of the reply into each row: field → path, which may lead into the
    records around it. ``lists`` names members of a row that are lists even when XML holds one.
    """

    rows: str = ""
    format: Format | None = None
    keyed_by: str | None = None
    carry: Mapping[str, str] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    paging: PagingSpec | None = None


@dataclass(frozen=True, slots=True)
class DetailSpec(ListingSpec):
    """A call that returns single records: one by its key, or up to ``many`` by ``{keys}``.

    ``each`` calls it for every listed row; the row's members are then those of both.
    ``merged``: a record that was merged into another is answered with that one. It then counts
    as gone; a redirect to another record always does.
    """

    many: int = 1
    each: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSpec(CallSpec):
    """A call that changes one record: a POST creates, a PATCH updates, a DELETE deletes.

    Without ``body`` and ``form``, the values to write are the body. A member is left out where
    its field is not written, and null where null is written. ``key`` tells where the reply to
    a create names the new record's key, a path for each of its fields; of a Location the last
    part counts.
    """

    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantedSpec(CallSpec):
    """A call that tells whether the user may write.

    Its success alone says so, or one of the words ``any`` at the path ``value``: in a list, in
    a text of words, or as the value itself.
    """

    value: str | None = None
    any: tuple[str, ...] = ("true", "1", "yes")


@dataclass(frozen=True, slots=True)
class StreamSpec(ListingSpec):
    """A stream's or part's own keys; ``keys`` lists keys alone.

    ``find`` lists the records that carry ``{reference}``; a create needs it. ``granted`` tells
    whether the user may write. ``sparse``: the system leaves out members that are empty, so
    that a missing one is null.
    """

    since: SinceSpec | None = None
    keys: ListingSpec | None = None
    detail: DetailSpec | None = None
    sparse: bool = False
    create: ChangeSpec | None = None
    update: ChangeSpec | None = None
    delete: ChangeSpec | None = None
    find: ListingSpec | None = None
    granted: GrantedSpec | None = None


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """Errors inside a successful reply.

    A value at the path ``error``, or one at ``code`` that is not among ``ok``, is an error.
    """

    error: str | None = None
    code: str | None = None
    ok: tuple[str, ...] = ("ok", "OK", "success", "0", "true")


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """What an error reply means that holds the pattern ``match``.

    A group called ``name`` in the pattern is shown in the message: let it match technical
    names only.
    """

    match: re.Pattern[str]
    means: Meaning
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A rest system's own keys.

    ``base_path`` precedes every path; ``paging`` holds for streams that have none.
    ``encoding`` is that of replies that lie about theirs. ``errors`` come before the known
    patterns and are matched against error replies of any status. ``describe`` is the path of a
    description that the system offers of itself: OpenAPI 2 or 3, or OData's ``$metadata``.
    """

    base_path: str = ""
    format: Format = "json"
    encoding: str | None = None
    max_reply_mb: int = 64
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthSpec = field(default_factory=AuthSpec)
    paging: PagingSpec | None = None
    result: ResultSpec | None = None
    errors: tuple[ErrorRule, ...] = ()
    describe: str | None = None
