"""What a WSDL says of its operations: which list records, and of what these are made.

Guarantee: only names and types. What was found in a WSDL is kept beside it, and is used as
long as every document of it is the same.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from zeep.xsd import AnySimpleType, ComplexType, Element
from zeep.xsd.types import builtins

from adapters.soap.contract import Contract
from adapters.soap.documents import Documents
from midspan.kernel.catalog import CatalogField, CatalogStream, FieldType
from midspan.kernel.errors import MidspanError, ProtocolError

_DEPTH = 5
_TYPES: tuple[tuple[type, FieldType], ...] = (
    (builtins.Boolean, "boolean"),
    (builtins.Integer, "integer"),
    (builtins.Decimal, "decimal"),
    (builtins.Double, "float"),
    (builtins.Float, "float"),
    (builtins.DateTime, "datetime"),
    (builtins.Date, "date"),
    (builtins.Time, "time"),
    (builtins.Base64Binary, "bytes"),
    (AnySimpleType, "string"),
    (ComplexType, "record"),
)
# What an argument of such a name is most likely given.
_GUESSES = tuple(
    (re.compile(pattern, re.IGNORECASE), value)
    for pattern, value in (
        (r"session|token|sid$", "{session}"),
        (r"^(user|login)(_?name)?$|^username", "{login}"),
        (r"passw", "{password}"),
        (r"size|limit|max_?(results|rows|records)|per_?page|count", "{page_size}"),
        (r"offset|start", "{offset}"),
        (r"page", "{page}"),
        (r"since|changed|modified|from|after|updated", "{lower}"),
    )
)


class _Kept(msgspec.Struct):
    documents: dict[str, str]
    streams: list[CatalogStream]
    remarks: list[str]


def described(
    documents: Documents, folder: Path, url: str, open_all: Any
) -> tuple[list[CatalogStream], list[str]]:
    """Return what a WSDL describes, and remarks; ``open_all`` loads it with all operations."""
    file = folder / f"operations-{documents.name(url)}.json"
    kept = _kept(file)
    if kept is not None and _same(kept.documents, documents):
        return kept.streams, kept.remarks
    documents.loaded.clear()
    try:
        contract: Contract = open_all()
    except ProtocolError as error:
        if error.code != "soap.port":
            raise
        return [], [f"{error.message}: it has no SOAP port"]
    streams, remarks = _streams(contract)
    folder.mkdir(parents=True, exist_ok=True)
    made = _Kept(dict(documents.loaded), streams, remarks)
    unfinished = file.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(made))
    unfinished.replace(file)
    return streams, remarks


def fields_of(xsd_type: Any) -> tuple[CatalogField, ...]:
    """Return the fields of a record by its zeep type; none where it says nothing."""
    members = [*getattr(xsd_type, "elements", ()), *getattr(xsd_type, "attributes", ())]
    return tuple(_field(name, one) for name, one in members if isinstance(one, Element))


def _streams(contract: Contract) -> tuple[list[CatalogStream], list[str]]:
    streams: list[CatalogStream] = []
    remarks: list[str] = []
    for name in contract.operations:
        operation = contract.operation(name)
        if operation.output is None or operation.output.body is None:
            continue
        lists = list(_lists(operation.output.body, (), _DEPTH))
        for path, xsd_type in lists:
            whole = f"{name}.{'.'.join(path)}" if len(lists) > 1 else name
            config: dict[str, Any] = {"operation": name, "rows": ".".join(path)}
            if given := _arguments(operation.input.body):
                config["arguments"] = given
            streams.append(CatalogStream(whole, "operation", fields_of(xsd_type), config=config))
    single = len(contract.operations) - len({one.config["operation"] for one in streams})
    if single:
        remarks.append(f"{single} operations list nothing: they may read one record, or write")
    return streams, remarks


def _lists(declared: Any, path: tuple[str, ...], depth: int) -> Iterator[tuple[Any, Any]]:
    """Yield the path and record type of each list in a reply, outermost ones only."""
    xsd_type = getattr(declared, "type", None)
    array = getattr(xsd_type, "_array_type", None)
    if array is not None:
        yield (*path, "item"), array.array_type
        return
    for _, child in getattr(xsd_type, "elements", ()) if depth else ():
        if not isinstance(child, Element):
            continue
        below = (*path, child.qname.localname)
        if child.accepts_multiple:
            yield below, child.type
        else:
            yield from _lists(child, below, depth - 1)


def _arguments(declared: Any) -> dict[str, str]:
    members = getattr(getattr(declared, "type", None), "elements", ())
    return {name: _guess(name) for name, one in members if isinstance(one, Element)}


def _guess(name: str) -> str:
    return next((value for pattern, value in _GUESSES if pattern.search(name)), "")


def _field(name: str, declared: Any) -> CatalogField:
    xsd_type = declared.type
    told: FieldType = next((word for cls, word in _TYPES if isinstance(xsd_type, cls)), "unknown")
    if getattr(xsd_type, "_array_type", None) is not None or (
        isinstance(declared, Element) and declared.accepts_multiple
    ):
        told = "list"
    required = getattr(declared, "required", None)
    nullable = not required if required is not None else declared.is_optional or declared.nillable
    native = getattr(getattr(xsd_type, "qname", None), "localname", "") or ""
    return CatalogField(name, told, nullable=bool(nullable), native=native)


def _kept(file: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError):
        return None


def _same(known: Mapping[str, str], documents: Documents) -> bool:
    """Return whether every document is still the one that was described."""
    try:
        for url in known:
            documents.load(url)
    except MidspanError:
        return False
    return all(documents.loaded[url] == told for url, told in known.items())
