"""Discovers a SOAP system: from its WSDL what lists records, from a sample what these hold."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapters.base import AdapterContext
from adapters.discovery import SAMPLE, describe
from adapters.soap.checking import OF_ONE_STREAM
from adapters.soap.contract import wsdl_url
from adapters.soap.described import described, fields_of
from adapters.soap.reader import StreamReader
from adapters.soap.rows import RowReader
from adapters.soap.session import Session
from adapters.soap.spec import StreamSpec
from midspan.kernel.catalog import Catalog, CatalogField, CatalogStream
from midspan.kernel.errors import MidspanError


def discover(
    context: AdapterContext,
    session: Session,
    readers: Mapping[str, StreamReader],
    now: Callable[[], datetime | None],
    *,
    everything: bool,
) -> Catalog:
    """Return the configured streams, sampled, and (``everything``) what the WSDL lists besides."""
    service = session.service
    listed, remarks = described(
        service.documents, context.cache / "soap", wsdl_url(context), lambda: service.open(None)
    )
    source = _now(now) if readers else None
    found: list[CatalogStream] = []
    for name, reader in readers.items():
        stream, remark = _sampled(context, name, reader, source)
        found.append(stream)
        remarks = [*remarks, remark] if remark else remarks
    read = {(one.config["operation"], one.config["rows"]) for one in found}
    others = [one for one in listed if (one.config["operation"], one.config["rows"]) not in read]
    return Catalog((*found, *(others if everything else ())), datetime.now(UTC), tuple(remarks))


def _sampled(
    context: AdapterContext, name: str, reader: StreamReader, now: datetime | None
) -> tuple[CatalogStream, str]:
    """Return a configured stream as its WSDL and its first rows show it, and what went wrong."""
    options: StreamSpec = context.streams[name].options
    config: dict[str, Any] = {"operation": options.operation, "rows": options.rows}
    if options.arguments is not None:
        config["arguments"] = options.arguments.plain()
    stream = CatalogStream(name, "operation", (), config=config, configured=(name,))
    try:
        source = reader.source
        declared = _declared(source.reader) if source.reader.names is not None else ()
        stream = replace(stream, fields=declared)
        sample = reader.sample(everything=True)
    except OF_ONE_STREAM as error:
        return stream, f"{name}: {error}"
    told = describe(sample.columns, sample.rows[:SAMPLE], declared=declared, now=now)
    return replace(
        stream,
        fields=told.fields,
        primary_key=told.primary_key,
        key_evidence=told.key_evidence,
        cursors=told.cursors,
        rows=reader.rows.total,
    ), ""


def _declared(reader: RowReader) -> tuple[CatalogField, ...]:
    """Return the fields that the WSDL gives a row, whatever type it is of."""
    fields = {field.name: field for kind in reversed(reader.kinds) for field in fields_of(kind)}
    return tuple(fields[name] for name in reader.names or () if name in fields)


def _now(now: Callable[[], datetime | None]) -> datetime | None:
    try:
        return now()
    except MidspanError:
        return None
