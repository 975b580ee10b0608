"""The entity sets that an OData service (version 2 to 4) describes in its ``$metadata``.

Guarantee: document types are refused, as in every XML that comes from a system.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml.etree import _Element

from adapters import xml
from adapters.rest.describing import Offered
from midspan.kernel.catalog import CatalogField, FieldType

_TYPES: Mapping[str, FieldType] = {
    "Edm.String": "string",
    "Edm.Guid": "string",
    "Edm.Boolean": "boolean",
    "Edm.Decimal": "decimal",
    "Edm.Double": "float",
    "Edm.Single": "float",
    "Edm.Date": "date",
    "Edm.DateTime": "datetime",
    "Edm.DateTimeOffset": "datetime",
    "Edm.TimeOfDay": "time",
    "Edm.Time": "time",
    "Edm.Binary": "bytes",
    **dict.fromkeys(("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"), "integer"),
}
_PAGING = {"style": "next", "next": "@odata.nextLink"}
_OLD_PAGING = {"style": "next", "next": "d.__next"}
_TEXTS = frozenset({"Edm.String"})


def read_metadata(body: bytes) -> Sequence[Offered] | None:
    """Return the service's entity sets; None when it is no such document."""
    try:
        root = xml.parse(body)
    except xml.Unreadable:
        return None
    if xml.local(root) != "Edmx":
        return None
    modern = (root.get("Version") or "").startswith("4")
    types = dict(_entity_types(root))
    return [
        _offered(one, types, modern=modern)
        for one in root.iter("{*}EntitySet")
        if one.get("EntityType") in types
    ]


def _entity_types(root: _Element) -> Iterator[tuple[str, _Element]]:
    for schema in root.iter("{*}Schema"):
        for one in schema.iterchildren("{*}EntityType"):
            for space in filter(None, (schema.get("Namespace"), schema.get("Alias"))):
                yield f"{space}.{one.get('Name')}", one


def _offered(entity_set: _Element, types: Mapping[str, _Element], *, modern: bool) -> Offered:
    name = entity_set.get("Name") or ""
    chain = _with_bases(types[entity_set.get("EntityType") or ""], types)
    properties = [found for one in chain for found in one.iterchildren("{*}Property")]
    native = {one.get("Name") or "": one.get("Type") or "" for one in properties}
    key = tuple(found.get("Name") or "" for one in chain for found in one.iter("{*}PropertyRef"))
    config: dict[str, Any] = {
        "path": f"/{name}",
        "rows": "value" if modern else "d.results",
        "paging": dict(_PAGING if modern else _OLD_PAGING),
    }
    if key:
        config["detail"] = {"path": f"/{name}({_key(key, native)})"} | (
            {} if modern else {"rows": "d"}
        )
    return Offered(f"/{name}", "entity set", tuple(map(_field, properties)), key, config=config)


def _with_bases(entity: _Element, types: Mapping[str, _Element]) -> list[_Element]:
    """Return an entity type behind those that it is built on."""
    chain = [entity]
    while (base := types.get(chain[0].get("BaseType") or "")) is not None and base not in chain:
        chain.insert(0, base)
    return chain


def _key(key: Sequence[str], native: Mapping[str, str]) -> str:
    """Return the key's template as it stands in an address."""
    quoted = [f"'{{{one}}}'" if native.get(one) in _TEXTS else f"{{{one}}}" for one in key]
    if len(key) == 1:
        return quoted[0]
    return ",".join(f"{name}={value}" for name, value in zip(key, quoted, strict=True))


def _field(declared: _Element) -> CatalogField:
    native, size = declared.get("Type") or "", declared.get("MaxLength") or ""
    kind: FieldType = "list" if native.startswith("Collection(") else "record"
    return CatalogField(
        declared.get("Name") or "",
        _TYPES.get(native, kind if native and not native.startswith("Edm.") else "unknown"),
        declared.get("Nullable") != "false",
        native,
        int(size) if size.isdecimal() else None,
    )
