"""Builds rpc and file adapters for tests, from a project folder's YAML and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from adapters.base import Adapter, AdapterContext, BoundStream
from config.binding import bind, keys_of
from config.connections import Connection
from config.loader import load_project
from config.model import (
    BreakerConfig,
    BudgetConfig,
    PartConfig,
    RetryConfig,
    StreamConfig,
    SystemConfig,
)
from config.tree import Node
from midspan.governor import DatabaseGate, open_control
from midspan.kernel.errors import ConfigurationError, Problem
from midspan.kernel.stream import Batch

ROOT = Path(__file__).resolve().parents[2]
QUICK = RetryConfig(3, timedelta(milliseconds=1), timedelta(milliseconds=5))

A = TypeVar("A", bound=Adapter)
B = TypeVar("B")
Record = dict[str, object]


def build(
    cls: type[A],
    home: Path,
    name: str,
    connection: Connection,
    columns: Sequence[str] = (),
    limit: int | None = None,
) -> A:
    """Return the adapter of the project's system; its gate repeats twice, at once."""
    system = load_project(home).systems[name]
    if limit is not None:
        _set(system.node, ("read", "limit"), limit)
    streams = {}
    for stream in system.streams.values():
        config = stream.config
        options: Any = _bound(stream.node, cls.stream_spec, StreamConfig)
        streams[stream.name] = BoundStream(
            stream.name, config.primary_key, config.cursor, options, tuple(columns), config.write
        )
        for part in stream.parts.values():
            options = _bound(part.node, cls.stream_spec, PartConfig)
            streams[part.name] = BoundStream(part.name, (part.parent,), part.cursor, options)
    limits = replace(
        system.config, budget=BudgetConfig(1000, 2), retry=QUICK, breaker=BreakerConfig(1000)
    )
    gate = DatabaseGate(name, limits, open_control(None, home / "var" / "test-state"))
    spec: Any = _bound(system.node, cls.spec, SystemConfig)
    return cls(AdapterContext(name, spec, streams, connection, gate, home))


def project(folder: Path, name: str, text: str) -> Path:
    """Write a project folder with one system."""
    systems = folder / "config" / "systems"
    systems.mkdir(parents=True, exist_ok=True)
    (systems / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def records(batches: Sequence[Batch]) -> list[Record]:
    """Return all rows of some batches as dictionaries."""
    return [dict(zip(batch.columns, row, strict=True)) for batch in batches for row in batch.rows]


def _bound(node: Node, cls: type[B], common: type) -> B:
    problems: list[Problem] = []
    options = bind(node, cls, problems, ignore=keys_of(common))
    if options is None:
        raise ConfigurationError(problems)
    return options


def _set(node: Node, path: Sequence[str], value: object) -> None:
    for key in path[:-1]:
        child = node.get(key)
        assert child is not None
        node = child
    node.value[path[-1]] = Node(value, node.file, node.line, node.column, {})
