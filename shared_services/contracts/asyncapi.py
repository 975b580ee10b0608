"""The published language as an AsyncAPI 3 document, for people and for other languages' tools.

A method is an operation with a reply, a command one without; an event is one that a center
sends. Each stands
on a channel of its own, whose address is the routing key. Nothing is in here that is not in the
types: the document is made, never written.
"""

from typing import Any, Final

from shared_services.contracts.schemas import DIALECT, Schema, published

VERSION: Final = "3.0.0"

_ENVELOPE: Final = ("id", "source", "type", "subject", "time", "specversion")


def asyncapi_document(release: int) -> dict[str, Any]:
    """Return the document; ``release`` is the number of the set that it describes."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, message in published().items():
        key = name.replace(".", "_")
        if message["kind"] == "method":
            channels[key] = _method_channel(name, message)
            channels[f"{key}_reply"] = _reply_channel(name, message)
            operations[key] = _method_operation(key, message)
        elif message["kind"] == "command":
            channels[key] = _command_channel(name, message)
            operations[key] = _command_operation(key, message)
        else:
            channels[key] = _event_channel(name, message)
            operations[key] = _event_operation(key)
    return {
        "asyncapi": VERSION,
        "info": _info(release),
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
    }


def _info(release: int) -> dict[str, Any]:
    return {
        "title": "Midspan shared services",
        "version": f"{release}.0.0",
        "description": "Methods, commands and events of the user center and the product center. "
        "Properties with `x-personal` hold personal data.",
        "license": {"name": "Apache-2.0"},
    }


def _channel(name: str, exchange: str, messages: dict[str, Any]) -> dict[str, Any]:
    exchange_binding = {"name": exchange, "type": "topic", "durable": True}
    return {
        "address": name,
        "messages": messages,
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange_binding}},
    }


def _method_channel(name: str, message: Schema) -> dict[str, Any]:
    request = _message(f"{name}.request", message["request"], _call_headers())
    return _channel(name, "midspan.rpc", {"request": request})


def _reply_channel(name: str, message: Schema) -> dict[str, Any]:
    replies = {
        part: _message(f"{name}.{part}", message[part], _reply_headers())
        for part in _answers(message)
    }
    return {"address": None, "description": "The broker's direct reply-to.", "messages": replies}


def _answers(message: Schema) -> list[str]:
    return [part for part in ("reply", "selected") if part in message]


def _event_channel(name: str, message: Schema) -> dict[str, Any]:
    event = _message(name, message["event"], _event_headers())
    return _channel(name, "midspan.events", {"event": event})


def _method_operation(key: str, message: Schema) -> dict[str, Any]:
    reply = f"{key}_reply"
    return {
        "action": "receive",
        "channel": _reference("channels", key),
        "messages": [_reference("channels", key, "messages", "request")],
        "tags": [{"name": message["center"]}],
        "reply": {
            "address": {"location": "$message.header#/reply_to"},
            "channel": _reference("channels", reply),
            "messages": [
                _reference("channels", reply, "messages", part) for part in _answers(message)
            ],
        },
    }


def _command_channel(name: str, message: Schema) -> dict[str, Any]:
    command = _message(name, message["command"], _event_headers())
    return _channel(name, "midspan.commands", {"command": command})


def _command_operation(key: str, message: Schema) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": _reference("channels", key),
        "messages": [_reference("channels", key, "messages", "command")],
        "tags": [{"name": message["center"]}],
    }


def _event_operation(key: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": _reference("channels", key),
        "messages": [_reference("channels", key, "messages", "event")],
    }


def _message(name: str, schema: Schema, headers: Schema) -> dict[str, Any]:
    return {
        "name": name,
        "contentType": "application/json",
        "headers": headers,
        "payload": _inlined(schema, schema),
    }


def _inlined(value: Any, root: Schema) -> Any:
    """Put definitions where they are referred to: a reference would point into the document."""
    if isinstance(value, list):
        return [_inlined(one, root) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        value = {**value, **root["$defs"][value["$ref"].rsplit("/", 1)[1]]}
    return {name: _inlined(one, root) for name, one in value.items() if name[0] != "$"}


def _reference(*path: str) -> dict[str, str]:
    return {"$ref": "/".join(("#", *path))}


def _call_headers() -> dict[str, Any]:
    milliseconds = {"type": "integer", "minimum": 0}
    properties = {
        "x-deadline": {**milliseconds, "description": "unix time in milliseconds"},
        "x-max-staleness": {**milliseconds, "description": "how old the data may be, in ms"},
        "traceparent": {"type": "string", "description": "W3C trace context"},
    }
    return {"type": "object", "properties": properties, "required": ["x-deadline"]}


def _reply_headers() -> dict[str, Any]:
    as_of = {"type": "string", "format": "date-time", "description": "the time of the data"}
    return {"type": "object", "properties": {"x-as-of": as_of}}


def _event_headers() -> dict[str, Any]:
    text = {"type": "string"}
    properties: dict[str, Any] = {f"cloudEvents:{name}": text for name in _ENVELOPE}
    properties |= {"x-epoch": {"type": "integer"}, "x-sequence": {"type": "integer"}}
    properties["traceparent"] = {**text, "description": "W3C trace context"}
    required = [f"cloudEvents:{name}" for name in _ENVELOPE if name != "subject"]
    return {"type": "object", "properties": properties, "required": required}


def schema_files() -> dict[str, Schema]:
    """Return every part of every message as a schema of its own, by file name."""
    return {
        f"{name}.{part}.schema.json": {"$schema": DIALECT, **schema}
        for name, message in published().items()
        for part, schema in message.items()
        if isinstance(schema, dict)
    }
