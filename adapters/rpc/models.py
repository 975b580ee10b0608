"""What the system says of its own models: their names, their fields and what those mean.

Guarantee: a model is described once a run, through the gate, and only when somebody needs to
know; a system that cannot describe itself is used by what its YAML says.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from adapters.rpc.client import RpcClient, walk
from adapters.rpc.shape import Shaper
from adapters.rpc.spec import FieldsSpec, RpcSpec
from midspan.kernel.catalog import CatalogField, FieldType
from midspan.kernel.errors import MidspanError, ProtocolError

_TYPES: Mapping[str, FieldType] = {
    **dict.fromkeys(("char", "text", "string", "html", "selection", "fullText"), "string"),
    **dict.fromkeys(("fulltext", "multiselection", "enum", "url", "email"), "string"),
    **dict.fromkeys(
        ("integer", "int", "long", "biginteger", "id", "many2one_reference"), "integer"
    ),
    **dict.fromkeys(("many2one", "one2one"), "integer"),
    **dict.fromkeys(("numeric", "decimal", "monetary", "money", "currency"), "decimal"),
    **dict.fromkeys(("float", "double", "percent"), "float"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp"), "datetime"),
    "time": "time",
    **dict.fromkeys(("binary", "bytes", "image", "blob"), "bytes"),
    **dict.fromkeys(("dict", "json", "serialized", "properties", "object", "struct"), "record"),
    **dict.fromkeys(("one2many", "many2many", "list", "array"), "list"),
}


class Models:
    """One system's models."""

    def __init__(self, client: RpcClient, spec: RpcSpec) -> None:
        self._client = client
        self._spec = spec
        self._models = spec.discover.models
        self._fields = spec.discover.fields
        self._list_call = client.compiled(self._models) if self._models else None
        self._fields_call = client.compiled(self._fields, "model") if self._fields else None
        self._types: Mapping[str, Any] = {**_TYPES, **(self._fields.types if self._fields else {})}
        self._known: dict[str, tuple[CatalogField, ...]] = {}
        self._asks = any(one is False for one in spec.values.nulls)
        if self._asks and spec.values.booleans is None and self._fields is None:
            raise MidspanError(
                "rpc.booleans",
                "False stands for an empty value, and nothing says which fields are booleans",
                remedy="Name them under values.booleans, or add discover.fields",
            )
        self._refuse_unknown_types()

    @property
    def described(self) -> bool:
        """Whether the system describes its models' fields."""
        return self._fields_call is not None

    def listed(self) -> list[tuple[str, str]] | None:
        """Return all models with their labels; None where the system lists none."""
        if self._list_call is None or self._models is None:
            return None
        spec = self._models
        rows = self._client.call(self._list_call, {}, "listing the models").rows(spec.rows).values
        named = [row for row in rows if isinstance(row, dict) and row.get(spec.name)]
        return [(str(row[spec.name]), _text(row.get(spec.label))) for row in named]

    def fields(self, model: str) -> tuple[CatalogField, ...]:
        """Return the fields of a model as the system declares them; empty without a way to."""
        if self._fields_call is None or self._fields is None:
            return ()
        if model not in self._known:
            subject = f"describing '{model}'"
            result = self._client.call(self._fields_call, {"model": model}, subject).value()
            found = walk(result, self._fields.rows, "discover.fields.rows")
            self._known[model] = tuple(self._described(self._fields, found))
        return self._known[model]

    def shaper(self, model: str) -> Shaper:
        """Return what makes plain records of a model's rows."""
        booleans = self._spec.values.booleans
        if booleans is None:
            fields = self.fields(model) if self._asks else ()
            booleans = tuple(field.name for field in fields if field.type == "boolean")
        return Shaper(self._spec.values, self._spec.type_tag, booleans)

    def _described(self, spec: FieldsSpec, found: Any) -> Iterator[CatalogField]:
        for name, told in _named(spec, found):
            native = _text(told.get(spec.type))
            size = told.get(spec.size)
            yield CatalogField(
                name,
                self._types.get(native, self._types.get(native.lower(), "unknown")),
                nullable=not told.get(spec.required),
                native=native,
                size=size if type(size) is int and size > 0 else None,
                label=_text(told.get(spec.label)),
                refers_to=_text(told.get(spec.relation)),
            )

    def _refuse_unknown_types(self) -> None:
        known = get_args(FieldType)
        odd = sorted({str(one) for one in self._types.values()} - set(known))
        if odd:
            raise MidspanError(
                "rpc.types",
                f"discover.fields.types names what is no type: {', '.join(odd)}",
                remedy=f"Known: {', '.join(known)}",
            )


def _named(spec: FieldsSpec, found: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(found, Mapping):
        yield from ((str(name), one) for name, one in found.items() if isinstance(one, Mapping))
    elif isinstance(found, list):
        for one in found:
            if isinstance(one, Mapping) and one.get(spec.name):
                yield str(one[spec.name]), one
    else:
        raise ProtocolError(
            "rpc.result",
            "the description of fields is neither a mapping nor a list",
            remedy="Correct discover.fields.rows",
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
