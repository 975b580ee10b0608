"""Builds an adapter from a system's YAML, as a project would, behind a gate of one's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapters.base import Adapter, AdapterContext, BoundStream
from config.binding import bind, keys_of
from config.connections import Connection
from config.loader import load_project
from config.model import PartConfig, StreamConfig, System, SystemConfig
from config.tree import Node
from midspan.kernel.errors import ConfigurationError, Problem
from midspan.kernel.gate import Gate

_NAME = "legacy"


def adapter_from_yaml(
    cls: type[Adapter],
    yaml: str,
    home: Path,
    connection: Connection,
    gate: Gate,
    columns: Sequence[str] = (),
) -> Adapter:
    """Return the adapter of the system that ``yaml`` declares; ``home`` is a folder to use.

    ``columns`` are asked of every stream, beside key and cursor; all there are when empty.
    Raises ConfigurationError as ``midspan lint`` would.
    """
    folder = home / "config" / "systems"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{_NAME}.yaml").write_text(yaml, encoding="utf-8")
    system = load_project(home).systems[_NAME]
    context = AdapterContext(
        _NAME,
        _bound(system.node, cls.spec, SystemConfig),
        bound_streams(system, cls, columns),
        connection,
        gate,
        home / "cache",
    )
    return cls(context)


def bound_streams(
    system: System, cls: type[Adapter], columns: Sequence[str] = ()
) -> dict[str, BoundStream]:
    """Return a system's streams and parts with the adapter's own options."""
    streams: dict[str, BoundStream] = {}
    for stream in system.streams.values():
        config, wanted = stream.config, tuple(columns)
        if wanted:
            cursor = config.cursor.fields if config.cursor else ()
            wanted = tuple(dict.fromkeys((*config.primary_key, *cursor, *wanted)))
        whole = BoundStream(
            stream.name, config.primary_key, config.cursor, None, wanted, config.write
        )
        options = _bound(stream.node, cls.stream_spec, StreamConfig)
        streams[stream.name] = replace(whole, options=options)
        for part in stream.parts.values():
            own = _bound(part.node, cls.stream_spec, PartConfig)
            streams[part.name] = BoundStream(part.name, (part.parent,), part.cursor, own)
    return streams


def _bound(node: Node, cls: type, common: type) -> object:
    problems: list[Problem] = []
    options: object = bind(node, cls, problems, ignore=keys_of(common))
    if options is None or problems:
        raise ConfigurationError(problems)
    return options
