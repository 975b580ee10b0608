"""The JSON Schema of mapping files, for editors.

Guarantee: what the loader refuses for its shape (an unknown or missing key, a converter or field
that does not exist, an option of another type) the schema refuses as well, and what the loader
takes the schema takes. Kinds, paths and tables are known to the loader alone.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from config.schema import DRAFT, Definitions, Schema, ref
from mappings.conditions import BOUNDS, TESTS
from mappings.conversions import OPERATORS
from mappings.converters import Converter
from mappings.expressions import COMPANIONS, ON_ERROR, SOURCES
from mappings.lists import EachEntry, FilterEntry
from mappings.lookup_reader import LookupOptions
from mappings.reader import RESULTS, MappingFile
from shared_services.contracts.entities import EntityType

_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_TEXTS: Schema = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
_MANY: Schema = {"type": "array", "minItems": 1, "items": ref("expression")}
_TOLD = {
    "path": "A path to a value of the source row.",
    "const": "The same value for every row.",
    "coalesce": "The first of several expressions that is not missing.",
    "concat": "Several texts joined, missing ones left out.",
    "format": "A text with paths in braces; missing where one of them is.",
    "when": "Cases of if and then; the first that holds counts.",
    "each": "A record for each item of a list.",
    "position": "Within each: the item's place, counted from this number.",
    "separator": "What stands between the texts of concat.",
    "else": "The value where no case holds.",
    "places": "How many places of the result are kept.",
    "rounding": "How the result is rounded.",
    "via": "A converter, or several in turn.",
    "lookup": "A table in lookups/ that says what a code means.",
    "default": "The value where there is none.",
    "on_error": "What happens when the value is refused.",
}


def mapping_schema(converters: Iterable[Converter], entities: Iterable[EntityType]) -> Schema:
    """Return the schema of ``mappings/*.yaml`` for these converters and canonical entities."""
    definitions, known = Definitions(), sorted(converters, key=lambda one: one.name)
    top = definitions.merged([MappingFile])
    _define(definitions, known)
    top["properties"] |= {
        "entity": top["properties"]["entity"] | {"enum": []},
        "fields": {"type": "object"},
        "filter": {"type": "array", "items": ref("filter")},
        "checks": {"type": "object", "additionalProperties": ref("expression")},
        "examples": {"type": "array", "items": ref("example")},
    }
    branches = []
    for entity in entities:
        name = f"{entity.name}/{entity.version}"
        top["properties"]["entity"]["enum"].append(name)
        branches.append(_branch(name, entity))
    return {
        "$schema": DRAFT,
        "title": "A mapping of a Midspan project",
        **top,
        "allOf": branches,
        "$defs": definitions.found,
    }


def _branch(name: str, entity: EntityType) -> Schema:
    """Return what an entity's fields may be."""
    fields = {
        "properties": {spec.name: ref("field") for spec in entity.fields},
        "required": [spec.name for spec in entity.fields if spec.required],
        "additionalProperties": False,
    }
    return {
        "if": {"required": ["entity"], "properties": {"entity": {"const": name}}},
        "then": {"properties": {"fields": fields}},
    }


def _define(definitions: Definitions, converters: Sequence[Converter]) -> None:
    found = definitions.found
    values = _values()
    found["expression"] = _expression(values)
    found["field"] = _expression(values | {"on_error": {"enum": list(ON_ERROR)}})
    found["condition"] = _condition(values)
    found["step"] = _step(definitions, converters)
    found["case"] = _closed({"if": ref("condition"), "then": ref("expression")}, ["if", "then"])
    found["filter"] = definitions.merged([FilterEntry])
    found["filter"]["properties"]["when"] = ref("condition")
    found["each"] = definitions.merged([EachEntry])
    found["each"]["properties"] |= {
        "of": ref("expression"),
        "fields": {"type": "object", "additionalProperties": ref("field")},
        "filter": {"type": "array", "items": ref("filter")},
    }
    found["lookup"] = definitions.merged([LookupOptions])
    found["lookup"]["properties"]["at"] = ref("expression")
    found["example"] = _closed({"in": {"type": "object"}, "out": {"type": "object"}}, ["in"])
    found["example"]["properties"] |= {
        "refused": {"type": "string"},
        "filtered": {"type": "string"},
    }
    found["example"]["oneOf"] = [{"required": [result]} for result in RESULTS]


def _values() -> Schema:
    """Return what may stand under each key of an expression."""
    values: Schema = {
        "path": _SCALAR,
        "const": _SCALAR,
        "coalesce": _MANY,
        "concat": _MANY,
        "format": {"type": "string"},
        "when": {"type": "array", "minItems": 1, "items": ref("case")},
        "each": ref("each"),
        "position": {"type": "integer"},
        **{operator: _MANY | {"minItems": 2} for operator in OPERATORS},
        "separator": _SCALAR,
        "else": ref("expression"),
        "places": {"type": "integer", "minimum": 0},
        "rounding": {"type": "string"},
        "via": {"anyOf": [ref("step"), {"type": "array", "items": ref("step")}]},
        "lookup": {"anyOf": [{"type": "string"}, ref("lookup")]},
        "default": {"anyOf": [_SCALAR, {"type": "array", "maxItems": 0}]},
    }
    return {
        key: value | ({"description": _TOLD[key]} if key in _TOLD else {})
        for key, value in values.items()
    }


def _expression(values: Schema) -> Schema:
    companions = [
        {"if": {"required": [key]}, "then": {"anyOf": [{"required": [one]} for one in sources]}}
        for key, sources in COMPANIONS.items()
    ]
    computed = _closed(values, []) | {"oneOf": _one_source(), "allOf": companions}
    return {"anyOf": [{"type": "string"}, computed]}


def _one_source() -> list[Schema]:
    return [{"required": [source]} for source in SOURCES]


def _condition(values: Schema) -> Schema:
    """Return groups of conditions, and the tests of an expression's value."""
    tests: Schema = {
        "equals": _SCALAR,
        "in": {"type": "array", "items": _SCALAR},
        "missing": {"type": "boolean"},
        **{bound: {"type": ["string", "number"]} for bound in BOUNDS},
    }
    tests = {name: tests.get(name, _TEXTS) for name in TESTS}
    several = {"type": "array", "minItems": 1, "items": ref("condition")}
    tested = _closed(values | tests, []) | {
        "oneOf": _one_source(),
        "anyOf": [{"required": [test]} for test in TESTS],
    }
    groups = [_closed({name: several}, [name]) for name in ("all", "any")]
    return {"anyOf": [tested, *groups, _closed({"not": ref("condition")}, ["not"])]}


def _step(definitions: Definitions, converters: Sequence[Converter]) -> Schema:
    """Return a converter's name, or its name with options."""
    for one in converters:
        options = definitions.merged([one.options]) | {"description": one.summary}
        options["properties"] = {
            name: _written(schema) for name, schema in options["properties"].items()
        }
        definitions.found[f"{one.name} options"] = options
    named = [{"const": one.name, "description": one.summary} for one in converters if _bare(one)]
    named_options = {one.name: ref(f"{one.name} options") for one in converters}
    called = {"minProperties": 1, "maxProperties": 1} | _closed(named_options, [])
    return {"anyOf": [*named, called]}


def _written(schema: Schema) -> Schema:
    """Return a schema that takes a number or boolean for the text that stands there."""
    if schema.get("type") == "string" and "enum" not in schema and "pattern" not in schema:
        return schema | _SCALAR
    return {
        key: [_written(one) for one in part]
        if key == "anyOf"
        else _written(part)
        if key == "items"
        else part
        for key, part in schema.items()
    }


def _bare(converter: Converter) -> bool:
    """Return whether a converter can do without options."""
    return not any(
        spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        for spec in dataclasses.fields(converter.options)
    )


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }
