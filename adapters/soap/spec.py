"""What a SOAP system's YAML may say: pure data, bound once, interpreted in one place.

A *path* names elements below the reply's payload (the first element in the SOAP body) by
their local names: ``customers.customer``. *Arguments* are a template of the operation's
elements; its placeholders are

===================  ==========================================================
``{login}`` etc.     the connection's ``login``, ``password`` and ``schema``
``{session}``        what ``login`` gave
``{lower}``          the first change to read; None, and so left out, for all
``{page}``           the page's number, ``{page_size}`` its size
``{NAME}``           in ``detail``: a field of the primary key
===================  ==========================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from config.tree import Node

ErrorClass = Literal["transient", "session", "denied", "missing", "protocol"]


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One operation and what it is given."""

    operation: str
    arguments: Node | None = None


@dataclass(frozen=True, slots=True)
class LoginSpec(CallSpec):
    """How a session begins and ends.

    ``session`` is the path of its id in the reply; without one the session is a cookie.
    """

    session: str | None = None
    logout: CallSpec | None = None


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """The in-band result: the path of its code and what each code means.

    ``ok`` and ``warn`` let a reply pass, ``warn`` is logged; a code that stands nowhere is
    an error. Operations whose reply the WSDL gives no such element are not judged.
    """

    code: str
    text: str | None = None
    ok: tuple[str, ...] = ("OK",)
    warn: tuple[str, ...] = ()
    errors: Mapping[str, ErrorClass] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """The operation that tells the source's time; ``zone`` is the zone of a naive one."""

    operation: str
    path: str
    arguments: Node | None = None
    zone: str = "UTC"
    format: str | None = None


@dataclass(frozen=True, slots=True)
class PagingSpec:
    """How a list is cut.

    ``first`` is the number of the first page. The end is where ``more`` (a path) is false;
    else where ``total`` (a path) is reached; else by ``until``. ``overlap`` is how many
    records a page shows again, so that a list which moves while it is read is noticed.
    """

    size: int = 100
    first: Literal[0, 1] = 1
    more: str | None = None
    total: str | None = None
    until: Literal["empty_page", "short_page"] = "empty_page"
    overlap: int = 3


@dataclass(frozen=True, slots=True)
class ListingSpec:
    """An operation that lists: ``rows`` is the path of the repeated element.

    Without ``paging`` one call returns everything.
    """

    operation: str
    rows: str
    arguments: Node | None = None
    paging: PagingSpec | None = None


@dataclass(frozen=True, slots=True)
class DetailSpec:
    """An operation that returns the record of one key; ``rows`` is the record's path."""

    operation: str
    rows: str
    arguments: Node | None = None


@dataclass(frozen=True, slots=True)
class StreamSpec(ListingSpec):
    """A stream's own keys; ``keys`` lists keys alone, ``detail`` reads one record."""

    keys: ListingSpec | None = None
    detail: DetailSpec | None = None


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """A SOAP system's own keys.

    ``wsdl`` and ``address`` are URLs, or paths on the connection's host; ``address``
    replaces the service address that the WSDL names. ``headers`` is a template of SOAP
    headers for every call after the login. ``faults`` maps patterns (``*quota*``), matched
    against a fault's code and text, to error classes, before the built-in table.
    """

    wsdl: str
    address: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    wsdl_max_age: timedelta = timedelta(hours=1)
    service: str | None = None
    port: str | None = None
    max_reply_mb: int = 64
    login: LoginSpec | None = None
    headers: Node | None = None
    result: ResultSpec | None = None
    faults: Mapping[str, ErrorClass] = field(default_factory=dict)
    clock: ClockSpec | None = None
