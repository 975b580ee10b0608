"""The lists that an OpenAPI document (2 or 3) describes.

Guarantee: a list is a GET without a key in its path whose success is an array of objects, or an
object that holds one. References are followed inside the document, a bounded number of times.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.rest.describing import Offered
from midspan.kernel.catalog import CatalogField, FieldType

_DEPTH = 12
_TYPES: Mapping[tuple[str, str], FieldType] = {
    ("string", "date-time"): "datetime",
    ("string", "date"): "date",
    ("string", "time"): "time",
    ("string", "byte"): "bytes",
    ("string", "binary"): "bytes",
    ("string", "decimal"): "decimal",
    ("number", "float"): "float",
    ("number", "double"): "float",
}
_PLAIN: Mapping[str, FieldType] = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "array": "list",
    "object": "record",
}
_PAGES = {"page": "page", "page_number": "page", "pagenumber": "page"}
_OFFSETS = ("offset", "skip", "start", "$skip")
_SIZES = ("limit", "page_size", "pagesize", "per_page", "size", "count", "top", "$top")


def read_openapi(tree: Any) -> Sequence[Offered] | None:
    """Return the document's lists; None when it is no such document."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("paths"), Mapping):
        return None
    return list(_Document(tree).lists())


class _Document:
    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree
        self._paths: Mapping[str, Any] = tree["paths"]

    def lists(self) -> Iterator[Offered]:
        for path, item in self._paths.items():
            call = self._get(item).get("get")
            if "{" in path or not isinstance(call, Mapping):
                continue
            found = self._records(self._schema(call))
            if found is None:
                continue
            rows, record = found
            config: dict[str, Any] = {"path": path, **({"rows": rows} if rows else {})}
            yield Offered(
                path,
                "list",
                tuple(self._fields(record)),
                label=str(call.get("summary") or ""),
                config=config | self._paging(item, call) | self._detail(path),
            )

    def _schema(self, call: Mapping[str, Any]) -> Any:
        """Return the schema of a call's success."""
        replies: Mapping[Any, Any] = self._get(call.get("responses"))
        told = [replies[one] for one in ("200", 200, "2XX", "default") if one in replies]
        success = told[0] if told else None
        reply = self._get(success)
        content = self._get(reply.get("content"))
        of_type = next((one for name, one in content.items() if "json" in name), None)
        return self._get(of_type or reply).get("schema")

    def _records(self, schema: Any) -> tuple[str, Mapping[str, Any]] | None:
        """Return the path and schema of the first array of objects, at most two steps inside."""
        level = [("", self._get(schema))]
        for _ in range(3):
            for path, one in level:
                record = self._get(one.get("items"))
                if one.get("type", "array") == "array" and self._members(record):
                    return path, record
            level = [
                (f"{path}.{name}".lstrip("."), self._get(child))
                for path, one in level
                for name, child in self._members(one).items()
            ]
        return None

    def _fields(self, record: Mapping[str, Any]) -> Iterator[CatalogField]:
        required = record.get("required") or ()
        for name, child in self._members(record).items():
            schema = self._get(child)
            kind, null = _kind(schema)
            form = str(schema.get("format") or "")
            size = schema.get("maxLength")
            yield CatalogField(
                name,
                _TYPES.get((kind, form)) or _PLAIN.get(kind) or "unknown",
                null or bool(schema.get("nullable")) or name not in required,
                f"{kind} ({form})" if form else kind,
                size if isinstance(size, int) else None,
                str(schema.get("title") or ""),
            )

    def _members(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = dict(self._get(schema.get("properties")))
        for one in schema.get("allOf") or ():
            found |= self._members(self._get(one)) if one is not schema else {}
        return found

    def _paging(self, item: Any, call: Mapping[str, Any]) -> dict[str, Any]:
        """Return the paging that the names of the query's parameters tell."""
        told = [*(self._get(item).get("parameters") or ()), *(call.get("parameters") or ())]
        names = [
            str(self._get(one).get("name")) for one in told if self._get(one).get("in") == "query"
        ]
        page = next((name for name in names if name.lower() in _PAGES), None)
        offset = next((name for name in names if name.lower() in _OFFSETS), None)
        size = next((name for name in names if name.lower() in _SIZES), None)
        sized = {size: "{page_size}"} if size else {}
        if page:
            return {"paging": {"style": "page", "query": {page: "{page}", **sized}}}
        if offset:
            return {"paging": {"style": "offset", "query": {offset: "{offset}", **sized}}}
        return {}

    def _detail(self, path: str) -> dict[str, Any]:
        """Return the call for one record, where the document has its path."""
        base = path.rstrip("/")
        for other in self._paths:
            inner = other.removeprefix(f"{base}/")
            if inner != other and inner.startswith("{") and "/" not in inner.rstrip("/"):
                return {"detail": {"path": other}}
        return {}

    def _get(self, node: Any) -> Mapping[str, Any]:
        """Return a mapping, where a reference leads; an empty one for anything else."""
        for _ in range(_DEPTH):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                return node
            node = self._tree
            for step in reference[2:].split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                node = node.get(name) if isinstance(node, Mapping) else None
        return {}


def _kind(schema: Mapping[str, Any]) -> tuple[str, bool]:
    """Return a schema's type and whether it may be null; 3.1 lists several types."""
    told = schema.get("type")
    kinds = told if isinstance(told, list) else [told]
    kind = next((str(one) for one in kinds if one not in (None, "null")), "")
    return kind or ("object" if "properties" in schema else ""), "null" in kinds
