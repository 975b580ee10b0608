"""Describes what a system holds: each configured stream by its first page, and its own words.

Guarantee: the look is bounded, a page a stream and some details; no value leaves it. A stream
that cannot be looked into is a remark, and so is a description that cannot be read.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.discovery import SAMPLE, describe
from adapters.rest.calls import Request
from adapters.rest.client import RestClient
from adapters.rest.describing import Offered, read_description
from adapters.rest.reader import StreamReader
from adapters.rest.span import Span
from adapters.rest.spec import StreamSpec, SystemSpec
from config.tree import Node
from midspan.kernel.catalog import Catalog, CatalogStream
from midspan.kernel.errors import AccessDenied, DriftError, ProtocolError, RecordError

_FOUND = (AccessDenied, DriftError, ProtocolError, RecordError)
_DETAILS = 20


class Discovery:
    """One look at a system."""

    def __init__(self, client: RestClient, spec: SystemSpec) -> None:
        self._client = client
        self._spec = spec
        self._remarks: list[str] = []

    def catalog(
        self, readers: Sequence[StreamReader], wanted: Sequence[str] | None = None
    ) -> Catalog:
        """Return the streams of ``readers`` and what the system offers besides, as ``wanted``."""
        offered = {one.path: one for one in self._offered()} if self._spec.describe else {}
        taken = {reader.stream.options.path for reader in readers}
        found = [
            self._sampled(reader, name, offered)
            for name, reader in _named(readers)
            if wanted is None or name in wanted or _within(reader.stream.name, wanted)
        ]
        streams = [one for one in found if one is not None]
        streams += [
            _declared(one)
            for path, one in offered.items()
            if path not in taken and (wanted is None or path in wanted)
        ]
        return Catalog(tuple(streams), datetime.now(UTC), tuple(self._remarks))

    def _sampled(
        self, reader: StreamReader, name: str, offered: Mapping[str, Offered]
    ) -> CatalogStream | None:
        stream, options = reader.stream, reader.stream.options
        try:
            columns, rows, total = self._sample(reader)
        except _FOUND as error:
            self._remarks.append(f"'{stream.name}' cannot be looked into: {error}")
            return None
        told = offered.get(options.path)
        seen = describe(
            columns,
            rows,
            declared=told.fields if told else (),
            key=told.key if told else (),
            now=self._client.now(),
        )
        self._tell_unmapped(reader, columns)
        return CatalogStream(
            name,
            "list",
            seen.fields,
            seen.primary_key,
            seen.key_evidence,
            seen.cursors,
            total,
            told.label if told else "",
            as_config(options, StreamSpec),
            (stream.name,),
        )

    def _sample(
        self, reader: StreamReader
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]], int | None]:
        """Return the first page with all members of its records, and how many the list has."""
        whole = reader.unmapped()
        span, total = whole.listing.sample()
        options: StreamSpec = reader.stream.options
        if options.detail is not None and options.detail.each:
            span = whole.completed(_first(span, _DETAILS))
        columns = span.columns()
        return columns, list(span.batch({}, columns).rows[:SAMPLE]), total

    def _tell_unmapped(self, reader: StreamReader, columns: Sequence[str]) -> None:
        mapped = {name.partition(".")[0] for name in reader.stream.columns}
        left = [name for name in columns if name not in mapped]
        if mapped and left:
            self._remarks.append(f"'{reader.stream.name}' also holds {', '.join(left)}")

    def _offered(self) -> Sequence[Offered]:
        path = (self._spec.describe or "").lstrip("/")
        url = path if "://" in path else f"{self._client.base}/{path}"
        try:
            reply = self._client.ask(Request("GET", url, {"Accept": "*/*"}))
            return read_description(reply)
        except _FOUND as error:
            self._remarks.append(f"the system's description cannot be used: {error}")
            return ()


def as_config(spec: Any, cls: type) -> dict[str, Any]:
    """Return what a spec says beyond its defaults, as it would stand in YAML."""
    found = {}
    for one in dataclasses.fields(cls):
        value = getattr(spec, one.name)
        default = one.default_factory() if callable(one.default_factory) else one.default
        if value != default:
            found[one.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Node):
        return _plain(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_config(value, type(value))
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def _declared(offered: Offered) -> CatalogStream:
    """Return a stream as the system itself describes it."""
    seen = describe((), (), declared=offered.fields, key=offered.key)
    return CatalogStream(
        offered.path,
        offered.kind,
        seen.fields,
        seen.primary_key,
        seen.key_evidence,
        seen.cursors,
        None,
        offered.label,
        offered.config,
    )


def _named(readers: Sequence[StreamReader]) -> list[tuple[str, StreamReader]]:
    """Return each reader by its path; where several read one, by path and stream."""
    paths = [reader.stream.options.path for reader in readers]
    return [
        (path if paths.count(path) == 1 else f"{path} {reader.stream.name}", reader)
        for reader, path in zip(readers, paths, strict=True)
    ]


def _within(stream: str, wanted: Sequence[str]) -> bool:
    return stream in wanted or stream.partition(".")[0] in wanted


def _first(span: Span, count: int) -> Span:
    kept, left = [], count
    for records, start in span.parts:
        items = records.items[start : start + left]
        kept.append((dataclasses.replace(records, items=items), 0))
        left -= len(items)
    return Span(tuple(kept))
