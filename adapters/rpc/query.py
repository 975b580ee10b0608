"""Asks a model for rows, by the templates under ``read`` and ``count``.

Guarantee: what is asked for is what the pieces of the filter say, joined; nothing of a
particular system is written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.rpc.calls import UNSET
from adapters.rpc.client import RpcClient
from adapters.rpc.spec import RpcSpec
from adapters.rpc.wire import Rows
from adapters.templates import Template, compile_template
from midspan.kernel.errors import MidspanError, ProtocolError, RecordError

PAGE_NAMES = ("model", "filter", "limit", "fields")
PLACE_NAMES = ("lower", "after", "keys", "offset", "page")


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of what is asked for that stands in the parameters themselves."""

    name: str
    value: Any


class Query:
    """The questions one system can be asked."""

    def __init__(self, client: RpcClient, spec: RpcSpec) -> None:
        read = spec.read
        self.limit = read.limit
        self.key = read.key
        self._client = client
        self._rows = read.rows
        self._page = client.compiled(read, *PAGE_NAMES, *PLACE_NAMES)
        self._count = client.compiled(spec.count, *PAGE_NAMES) if spec.count else None
        self._after = piece(read.filter.after, "after")
        self._keys = piece(read.filter.keys, "keys")
        self._reference = piece(read.filter.reference, "field", "reference")

    @property
    def by_keys(self) -> bool:
        """Whether records can be asked for by their keys."""
        return self._keys is not None or self.places("keys")

    @property
    def by_reference(self) -> bool:
        """Whether a record can be looked for by our reference."""
        return self._reference is not None

    def places(self, name: str) -> bool:
        """Return whether the parameters themselves have a place for ``name``."""
        return name in self._page.names

    def after(self, key: Any) -> Any:
        """Return the piece of the filter that goes on behind a key."""
        if self._after is None and self.places("after"):
            return Place("after", key)
        return need(self._after, "read.filter.after", "what comes next").render({"after": key})

    def keys(self, keys: Sequence[Any]) -> Any:
        """Return the piece of the filter that asks for the records of these keys."""
        if self._keys is None and self.places("keys"):
            return Place("keys", list(keys))
        template = need(self._keys, "read.filter.keys", "a record by its key")
        return template.render({"keys": list(keys)})

    def reference(self, field: str, reference: str) -> Any:
        """Return the piece of the filter that asks for the records with our reference."""
        template = need(self._reference, "read.filter.reference", "our reference")
        return template.render({"field": field, "reference": reference})

    def rows(
        self, model: str, pieces: Sequence[Any], fields: Sequence[str], limit: int | None = None
    ) -> Rows:
        """Return the first rows that a filter finds, in the order of the key."""
        values = {
            **dict.fromkeys(PLACE_NAMES, UNSET),
            **{one.name: one.value for one in pieces if isinstance(one, Place)},
            "model": model,
            "filter": joined([one for one in pieces if not isinstance(one, Place)]),
            "limit": limit or self.limit,
            "fields": list(fields),
        }
        result = self._client.call(self._page, values, f"reading '{model}'")
        return result.rows(self._rows)

    def count(self, model: str, pieces: Sequence[Any]) -> int | None:
        """Return how many records a filter finds; None where the system cannot say."""
        if self._count is None:
            return None
        values = {"model": model, "filter": joined(pieces), "limit": None, "fields": []}
        result = self._client.call(self._count, values, f"counting '{model}'")
        try:
            number = result.value()
        except RecordError:
            number = None
        if isinstance(number, bool) or not isinstance(number, int):
            raise ProtocolError(
                "rpc.count", "the count is no whole number", remedy="Correct the system's 'count'"
            )
        return number


def piece(source: Any, *known: str) -> Template | None:
    """Compile a piece of a filter; None for none."""
    return None if source is None else compile_template(source, known)


def need(template: Template | None, key: str, what: str) -> Template:
    """Return the piece that is there; else raise, naming the key that would add it."""
    if template is not None:
        return template
    raise MidspanError(
        "rpc.filter_missing",
        f"the system does not say how to ask for {what}",
        remedy=f"Add {key}",
    )


def joined(pieces: Sequence[Any]) -> Any:
    """Return the pieces of a filter as one: lists joined, mappings merged."""
    if pieces and all(isinstance(one, Mapping) for one in pieces):
        return {name: value for one in pieces for name, value in one.items()}
    return [term for one in pieces for term in one]
