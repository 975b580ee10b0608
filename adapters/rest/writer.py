"""Makes one change of one record, by the calls that are configured for it.

Guarantee: a change is sent once (see ``adapters.writing``). A create counts when the record is
found by its reference, whatever its reply said; a refusal shows no value that was sent; a reply
that cannot be read after the system acted is an uncertain change, never a failed one.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from adapters.base import BoundStream
from adapters.http_replies import Reply
from adapters.rest.calls import Request
from adapters.rest.client import RestClient
from adapters.rest.errors import Nothing, refused
from adapters.rest.replies import HEADER, Document
from adapters.rest.shape import inside
from adapters.rest.spec import ChangeSpec, Method
from adapters.templates import ABSENT, as_text
from adapters.writing import carried, confirmed, no_record
from adapters.xml import is_html
from config.tree import Node
from midspan.kernel.errors import MidspanError, ProtocolError, UncertainWrite
from midspan.kernel.stream import Key
from midspan.kernel.writing import Record, WriteKind, WriteOperation, WriteResult

_METHODS: Mapping[WriteKind, Method] = {"create": "POST", "update": "PATCH", "delete": "DELETE"}
_FIELD = re.compile(r"\{(values\.[^{}]+)\}")
_ODATA_KEY = re.compile(r".*\((?:guid)?'?([^'()]*)'?\)")


class Writer:
    """The call by which records of a stream are created, updated or deleted."""

    def __init__(
        self,
        client: RestClient,
        stream: BoundStream,
        kind: WriteKind,
        spec: ChangeSpec,
        schema: str,
    ) -> None:
        keys = () if kind == "create" else stream.primary_key
        fields = frozenset(_fields((spec.path, spec.query, spec.body, spec.form, spec.headers)))
        names = {"reference", "schema", "values", *fields, *keys}
        bare = spec.body is None and spec.form is None and kind != "delete"
        self._client = client
        self._stream = stream
        self._kind = kind
        self._spec = spec
        self._schema = schema
        self._fields = fields
        self._keys = keys
        self.path = spec.path
        self.call = client.compiled(
            spec,
            names,
            method=spec.method or _METHODS[kind],
            body="{values}" if bare else None,
            absent=ABSENT,
        )
        if keys and not self.call.names & set(keys):
            raise MidspanError(
                "rest.write",
                f"the call '{kind}' of '{stream.name}' does not say which record it means",
                remedy="Put the primary key's fields into its path, query or body",
            )

    def change(self, operation: WriteOperation, reference: str) -> Key | None:
        """Send the change; return the key that the reply tells, None where it tells none."""
        values = carried(self._stream, operation, reference)
        keys = dict(zip(self._stream.primary_key, operation.key or (), strict=False))
        given = {f"values.{name}": value for name, value in values.items()}
        request = self.call.request(
            {
                **dict.fromkeys(self._fields, ABSENT),
                **given,
                **keys,
                "values": _nested(values),
                "reference": reference,
                "schema": self._schema,
            }
        )
        return self._client.change(
            request, self._stream.name, lambda reply: self._answered(reply, list(values))
        )

    def sample(self, row: Record) -> Request | None:
        """Return the request without values, for the record of a row; None without one."""
        if any(inside(row, name) is None for name in self._keys):
            return None
        nothing = dict.fromkeys((*self._fields, "values"), "")
        keys = {name: inside(row, name) for name in self._keys}
        return self.call.request({**nothing, "reference": "", "schema": self._schema, **keys})

    def _answered(self, reply: Reply, names: Collection[str]) -> Key | None:
        """Return the key that a reply tells; raise what it means when it is no success."""
        try:
            self._client.refuse(reply, self._stream.name, self._kind, names)
            return self._key_told(self._document(reply), reply)
        except Nothing:
            if self._kind == "create":
                raise refused(reply, self._stream.name, names) from None
            raise no_record(self._stream.name, self._kind) from None
        except ProtocolError as error:
            if error.code in ("rest.fault", "rest.refused"):
                raise refused(reply, self._stream.name, names) from None
            raise

    def _document(self, reply: Reply) -> Document | None:
        """Return what a success says; None where it says nothing that is looked at."""
        if not reply.body.strip() or reply.status >= 300:
            return None
        try:
            return self._client.document(reply)
        except ProtocolError as error:
            if error.code in ("rest.fault", "rest.refused"):
                raise
            if self._kind == "create" or not (self._client.tells_results or is_html(reply.body)):
                return None
            raise UncertainWrite(
                "adapter.write_uncertain",
                f"a change of '{self._stream.name}' was answered by what cannot be read "
                f"({error.code})",
                remedy="Look at the record before anything else is sent",
                stream=self._stream.name,
            ) from error

    def _key_told(self, document: Document | None, reply: Reply) -> Key | None:
        paths = self._spec.key
        if len(paths) != len(self._stream.primary_key):
            return None
        found = tuple(self._told(path, document, reply) for path in paths)
        return None if None in found else found

    @staticmethod
    def _told(path: str, document: Document | None, reply: Reply) -> Any:
        if path.lower() == f"{HEADER}location":
            return _located(reply)
        if path.startswith(HEADER):
            return reply.headers.get(path.removeprefix(HEADER))
        return document.value(path) if document is not None else None


def created(
    stream: BoundStream,
    reference: str,
    key: Key | None,
    lookup: Callable[[str], Record | None],
    by_key: Callable[[Key], Record | None] | None,
) -> WriteResult:
    """Return a created record's key when it is seen: by its reference, or by the key told."""

    def seen(_name: str, sought: str) -> Record | None:
        found = lookup(sought)
        if found is not None or key is None or by_key is None or stream.write is None:
            return found
        record = by_key(key)
        field = stream.write.reference or ""
        return record if record and as_text(record.get(field)).strip() == sought else None

    return confirmed(stream, reference, seen)


def _located(reply: Reply) -> str | None:
    """Return the key at the end of a Location: ``/items/7``, or ``/Items(7)`` as OData has it."""
    location = reply.headers.get("Location")
    if not location:
        return None
    last = urlsplit(location).path.rstrip("/").rpartition("/")[2]
    odata = _ODATA_KEY.fullmatch(last)
    return unquote(odata[1] if odata else last) or None


def _nested(values: Record) -> dict[str, Any]:
    """Return values with ``address.city`` inside of ``address``; OData's own names stay."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        steps = [name] if "@" in name else name.split(".")
        holder = found
        for step in steps[:-1]:
            inner = holder.get(step)
            holder[step] = dict(inner) if isinstance(inner, Mapping) else {}
            holder = holder[step]
        holder[steps[-1]] = value
    return found


def _fields(tree: Any) -> Iterator[str]:
    """Yield the placeholders of single fields in a template."""
    plain = tree.value if isinstance(tree, Node) else tree
    if isinstance(plain, str):
        yield from _FIELD.findall(plain)
    elif isinstance(plain, Mapping):
        yield from (name for child in plain.values() for name in _fields(child))
    elif isinstance(plain, list | tuple):
        yield from (name for child in plain for name in _fields(child))
