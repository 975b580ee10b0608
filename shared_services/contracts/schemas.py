"""JSON Schemas of everything that travels, made from the types that both sides decode with.

Each schema stands alone: what it refers to is in its own ``$defs``. A property that holds
personal data says ``x-personal: true``, however its type is put together.
"""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any, get_args

import msgspec

from shared_services.contracts.commands import COMMANDS
from shared_services.contracts.entities import EntityType, entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady, Verb, routing_key
from shared_services.contracts.methods import METHODS, Method

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PERSONAL = "x-personal"


def schema_of(type_: Any) -> Schema:
    """Return the JSON Schema of a contract's type."""
    # As it reads in a file: there a tuple's default is a list.
    schema: Schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(type_)))
    for definition in schema.get("$defs", {}).values():
        definition["description"] = cleandoc(definition.get("description", ""))
        _mark(definition.get("properties", {}))
    return schema


def event_schema(entity: EntityType, verb: str) -> Schema:
    """Return the schema of one event, with the values that an event of this entity may hold."""
    if verb == "snapshot_ready":
        return _of_one(SnapshotReady, {"entity": entity.name})
    schema = _of_one(EntityEvent, {"entity": entity.name, "verb": verb})
    data = schema_of(entity.data)
    fields = data["$defs"][entity.data.__name__]["properties"]
    open_to_all = {field.name for field in entity.fields if not field.personal}
    values = {name: _plain(field) for name, field in fields.items() if name in open_to_all}
    event = schema["$defs"]["EntityEvent"]["properties"]
    event["values"] = {"type": "object", "properties": values, "default": {}}
    others = {name: one for name, one in data["$defs"].items() if name != entity.data.__name__}
    schema["$defs"] |= others
    return schema


def published() -> dict[str, Schema]:
    """Return every message by its routing key: its kind and the schema of each of its parts.

    ``{"customer.get.v1": {"kind": "method", "center": …, "request": …, "reply": …}, …}``
    """
    methods = {method.routing_key: _method(method) for method in METHODS.values()}
    events = {
        routing_key(entity.name, verb, entity.version): {
            "kind": "event",
            "event": event_schema(entity, verb),
        }
        for entity in entity_types().values()
        for verb in get_args(Verb)
    }
    commands = {
        key: {"kind": "command", "center": one.center, "command": schema_of(one.body)}
        for key, one in COMMANDS.items()
    }
    return methods | commands | events


def _method(method: Method) -> Schema:
    parts: Schema = {
        "kind": "method",
        "center": method.center,
        "request": schema_of(method.request),
        "reply": schema_of(method.reply),
    }
    if method.selected is not None:
        parts["selected"] = schema_of(method.selected)
    return parts


def _of_one(type_: type[msgspec.Struct], constants: Mapping[str, str]) -> Schema:
    schema = schema_of(type_)
    properties = schema["$defs"][type_.__name__]["properties"]
    for name, value in constants.items():
        properties[name] = {"const": value}
    return schema


def _plain(field: Schema) -> Schema:
    """Leave out the default: a value that did not change is not in the event."""
    return {name: value for name, value in field.items() if name != "default"}


def _mark(properties: Mapping[str, Schema]) -> None:
    for field in properties.values():
        if any(arm.get(PERSONAL) for arm in field.get("anyOf", ())):
            field[PERSONAL] = True
