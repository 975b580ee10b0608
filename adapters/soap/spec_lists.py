"""How lists and records are asked for, and how records stand in the replies (see ``spec``)."""

from dataclasses import dataclass
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
class PagingSpec:
    """How a list is cut.

    ``first`` is the number of the first page. The end is where ``more`` (a path) is false, or
    ``done`` true; else where ``total`` (a path) is reached, or ``next``, the path of the token
    of the page that follows, is empty; else by ``until``. ``follow`` is the operation that is
    given the token as ``{cursor}``, where it is another one. ``field`` is what the list is sorted
    by, lowest first: the next page is asked for behind its last value, as ``{cursor}``.
    ``overlap`` is how many records a page shows again, so that a list which moves while it is
    read is noticed.
    """

    size: int = 100
    first: Literal[0, 1] = 1
    more: str | None = None
    done: str | None = None
    total: str | None = None
    next: str | None = None
    follow: CallSpec | None = None
    field: str | None = None
    until: Literal["empty_page", "short_page", "repeated_page"] = "empty_page"
    overlap: int = 3


@dataclass(frozen=True, slots=True)
class WindowsSpec:
    """A list that is asked for in steps of the cursor: ``{from}`` to ``{to}``, by ``step``.

    ``beginning`` is where a full reading starts, as the source writes its stamps; ``ahead``
    how far beyond the source's clock the last step reaches. A step that shows ``limit``
    records was cut off by the system, and is halved. Steps share ``overlap``.
    """

    step: timedelta
    beginning: str
    ahead: timedelta = timedelta(days=1)
    limit: int | None = None
    overlap: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class PairsSpec:
    """A list of names and values within a row that is the record itself.

    ``at`` is the path of a pair from the row, empty where the row's children are pairs;
    ``name`` and ``value`` are paths from the pair: an element, ``@attribute``, or ``.`` for
    its own text.
    """

    at: str = ""
    name: str = "name"
    value: str = "value"


@dataclass(frozen=True, slots=True)
class SignSpec:
    """A row that is none: its ``field`` holds a text that fits ``match`` (``*denied*``).

    ``means`` an error class, ``skip`` (left out), ``warn`` (logged, left out) or ``reject``.
    """

    field: str
    match: str = "*"
    means: ErrorClass | Literal["skip", "warn", "reject"] = "protocol"


@dataclass(frozen=True, slots=True)
class RecordsSpec:
    """An operation that returns records: ``rows`` is the path of the repeated element.

    ``document`` is the path of a text that is itself an XML document, in which ``rows`` then
    begins. ``count`` is the path of how many records this reply holds.
    """

    operation: str
    rows: str
    arguments: Node | None = None
    document: str | None = None
    count: str | None = None
    pairs: PairsSpec | None = None
    signs: tuple[SignSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingSpec(RecordsSpec):
    """An operation that lists.

    Without ``paging`` or ``windows`` one call returns everything; ``streaming`` reads its
    reply from the disk, in bounded memory. ``beginning`` is the lower bound of a full
    reading, for systems that always want one.
    """

    paging: PagingSpec | None = None
    windows: WindowsSpec | None = None
    streaming: bool = False
    beginning: str | None = None


@dataclass(frozen=True, slots=True)
class DetailSpec(RecordsSpec):
    """An operation that returns the record of one key, or of up to ``many`` by ``{keys}``.

    ``each`` calls it for every listed row, of which then only the key counts.
    """

    many: int = 1
    each: bool = False


@dataclass(frozen=True, slots=True)
class FindSpec(RecordsSpec):
    """An operation that returns the records that carry ``{reference}``."""
