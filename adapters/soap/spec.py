"""What a SOAP system's YAML may say: pure data, bound once, interpreted in one place.

A *path* names elements below the reply's payload (the first element in the SOAP body) by
their local names: ``customers.customer``. ``*`` is any element, ``@name`` at the end an
attribute; the items of an encoded array need no name. *Arguments* are a template of the
operation's elements, of which members whose placeholder holds nothing are left out.

=========================  ============================================================
``{login}`` etc.           the connection's ``login``, ``password`` and ``schema``;
                           ``{extra.NAME}``; what ``derive`` makes;
                           ``adapters.derive.MOMENT_NAMES``
``{session}``              what ``login`` gave; ``{NAME}`` of its ``take``
``{lower}``                the first change to read; ``{from}`` and ``{to}`` of a window
``{page}``                 the page's number, ``{page_size}`` its size; ``{offset}``,
                           ``{row_from}``, ``{row_to}`` where it stands; ``{cursor}``
``{NAME}``                 a field of the primary key, ``{keys}`` many of them
``{record}``               a change's values; ``{record.NAME}`` one, ``{pairs}`` as pairs
``{reference}``            our own reference, in ``find``
=========================  ============================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from adapters.soap.spec_lists import CallSpec, DetailSpec, ErrorClass, FindSpec, ListingSpec
from config.tree import Node

__all__ = ["CallSpec", "DetailSpec", "ErrorClass", "FindSpec", "ListingSpec"]


@dataclass(frozen=True, slots=True)
class LoginSpec(CallSpec):
    """How a session begins and ends.

    ``session`` is the path of its id in the reply; without one the session is a cookie.
    ``take`` names further values of the reply: name → path. ``address`` is the path of the
    address that calls go to from then on, which must be on an allowed host.
    """

    session: str | None = None
    take: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    logout: CallSpec | None = None


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """The in-band result: the path of its code and what each code means.

    ``ok`` and ``warn`` let a reply pass, ``warn`` is logged; a code that stands nowhere is
    an error. ``error`` is the path of a text that stands in replies that failed; the table of
    faults says what it means. Operations whose reply the WSDL gives no such element are not
    judged; ``optional``: nor are replies without it.
    """

    code: str | None = None
    text: str | None = None
    error: str | None = None
    ok: tuple[str, ...] = ("OK",)
    warn: tuple[str, ...] = ()
    errors: Mapping[str, ErrorClass] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """The operation that tells the source's time; ``zone`` is the zone of a naive one."""

    operation: str
    path: str
    arguments: Node | None = None
    zone: str = "UTC"
    format: str | None = None


@dataclass(frozen=True, slots=True)
class SecuritySpec:
    """WS-Security headers.

    ``username`` sends login and password of the connection, as text or digest. ``timestamp``
    is how long a request is valid. ``signature`` signs with the connection's extra
    ``sign_key`` and ``sign_cert`` (files; ``sign_password``) and verifies replies with
    ``peer_cert``; ``binary_token`` puts the certificate into the header.
    """

    username: Literal["plain", "digest"] | None = None
    timestamp: timedelta | None = None
    signature: bool = False
    binary_token: bool = False
    algorithm: Literal["rsa-sha1", "rsa-sha256"] = "rsa-sha256"


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A SOAP system's own keys.

    ``wsdl`` is an URL, a path on the connection's host, or ``file:`` and a file beside this
    one. ``imports`` gives documents that cannot be fetched: location → file. ``address`` (URL
    or path) replaces the service address that the WSDL names. ``headers`` is a template of
    SOAP headers for every call after the login, ``http_headers`` of HTTP headers for each.
    ``derive`` makes values of others, see ``adapters.derive``.
    ``positional``: the service binds arguments by their place, so that every part is sent.
    ``types`` says what the service means by an XSD type that it names wrongly: a text that goes
    as ``base64Binary`` for it is not ASCII, a number as ``float`` that is exact.
    ``faults`` maps patterns (``*quota*``), matched against a fault's code and text, to error
    classes, before the built-in table.
    """

    wsdl: Node
    imports: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    wsdl_max_age: timedelta = timedelta(hours=1)
    service: str | None = None
    port: str | None = None
    max_reply_mb: int = 64
    auth: Literal["none", "basic", "digest"] = "none"
    security: SecuritySpec | None = None
    login: LoginSpec | None = None
    derive: Mapping[str, Node] = field(default_factory=dict)
    headers: Node | None = None
    http_headers: Mapping[str, str] = field(default_factory=dict)
    positional: bool = False
    types: Mapping[str, Literal["string", "decimal"]] = field(default_factory=dict)
    result: ResultSpec | None = None
    faults: Mapping[str, ErrorClass] = field(default_factory=dict)
    clock: ClockSpec | None = None


@dataclass(frozen=True, slots=True)
class StreamSpec(ListingSpec):
    """A stream's own keys; ``keys`` lists keys alone, ``detail`` reads records by key.

    ``create``, ``update``, ``delete`` are the operations that change a record, ``find`` the
    one that lists the records which carry our reference. ``sparse``: the system leaves out
    members that are empty, so that a field that no row holds is null rather than vanished.
    """

    keys: ListingSpec | None = None
    detail: DetailSpec | None = None
    create: CallSpec | None = None
    update: CallSpec | None = None
    delete: CallSpec | None = None
    find: FindSpec | None = None
    sparse: bool = False
