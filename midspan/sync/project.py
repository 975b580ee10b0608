"""Assembles a project: binds systems to adapters, mappings to entities, syncs to centers.

Everything that can be known to be wrong without calling anyone is reported here at once;
whoever holds a ``Project`` can rely on it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from adapters.base import Adapter, AdapterContext, BoundStream, adapter_class, adapter_types
from config.binding import bind, keys_of, nearest
from config.connections import Connection, resolve_connection
from config.loader import read_project
from config.model import (
    CursorConfig,
    Part,
    PartConfig,
    StreamConfig,
    Sync,
    SyncConfig,
    System,
    SystemConfig,
)
from config.settings import Settings
from config.tree import Node
from mappings import CompiledMapping
from midspan.governor import ControlStore, DatabaseGate, control_file, open_control
from midspan.kernel.errors import ConfigurationError, MidspanError, Problem, UnknownName
from midspan.kernel.gate import Gate, Lane, ShutGate
from midspan.store.engine import Store, open_staging, open_store, store_file
from midspan.sync.centers import Center, load_centers
from midspan.sync.mapped import compile_mappings, in_order
from shared_services.golden.model import GoldenModel
from shared_services.golden.survivorship import Ranking

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BoundSystem:
    """A system whose adapter options are checked; ``streams`` holds parts as well."""

    name: str
    config: SystemConfig
    options: object
    streams: Mapping[str, BoundStream]


@dataclass(frozen=True, slots=True)
class BoundSync:
    """A sync with everything it needs, checked."""

    name: str
    config: SyncConfig
    stream_config: StreamConfig
    system: BoundSystem
    stream: BoundStream
    parts: Mapping[str, Part]
    mapping: CompiledMapping
    center: Center
    model: GoldenModel


@dataclass(frozen=True)
class Project:
    """A checked project and this installation's places."""

    settings: Settings
    digest: str
    systems: Mapping[str, BoundSystem]
    syncs: Mapping[str, BoundSync]
    centers: Mapping[str, Center]
    connection: Callable[[str], Connection] = resolve_connection

    def sync(self, name: str) -> BoundSync:
        """Return one sync; an unknown name raises with the nearest known one."""
        if name not in self.syncs:
            raise UnknownName(
                "sync.unknown",
                f"there is no sync '{name}'",
                remedy=nearest(name, list(self.syncs)) or f"Write config/syncs/{name}.yaml",
            )
        return self.syncs[name]

    def system(self, name: str) -> BoundSystem:
        """Return one system; an unknown name raises with the nearest known one."""
        if name not in self.systems:
            raise UnknownName(
                "system.unknown",
                f"there is no system '{name}' in {self.settings.home}",
                remedy=nearest(name, list(self.systems)),
            )
        return self.systems[name]

    def stream(self, system: str, name: str) -> BoundStream:
        """Return one stream or part of a system; an unknown one raises with the nearest known."""
        known = self.system(system).streams
        if name not in known:
            raise UnknownName(
                "adapter.unknown_stream",
                f"the file of {system} has no stream '{name}'",
                remedy=nearest(name, list(known))
                or f"Add it under 'streams': midspan discover {system} --yaml writes it",
            )
        return known[name]

    def store(self, center: str) -> Store:
        """Return a center's store, its tables created."""
        if center not in self._stores:
            folder = self.settings.state / "store"
            store = open_store(self.settings.store_url, folder, center)
            store.create(self.centers[center].metadata, self.centers[center].revision)
            self._stores[center] = store
        return self._stores[center]

    @contextmanager
    def made_store(self, center: str) -> Iterator[Store | None]:
        """Give a center's store for the time of the context; None where none was made yet."""
        url, folder = self.settings.store_url, self.settings.state / "store"
        if url is None and not store_file(folder, center).is_file():
            yield None
            return
        store = open_store(url, folder, center)
        try:
            yield store if store.holds(self.centers[center].revision) else None
        finally:
            store.close()

    def staging(self, sync: str) -> Store:
        """Return a sync's staging store."""
        return open_staging(self.settings.store_url, self.settings.state / "staging", sync)

    def rankings(self, entity: str) -> dict[str, Ranking]:
        """Return the survivorship rank of every sync that feeds an entity."""
        return {
            sync.name: Ranking(sync.config.survivorship.priority, sync.config.survivorship.fields)
            for sync in self.syncs.values()
            if sync.config.entity == entity
        }

    def adapter(self, system: str, lane: Lane = Lane.SYNC, *, whole: bool = False) -> Adapter:
        """Open the adapter of a system; its connection is resolved anew each time.

        ``whole``: streams are read with every field there is, not with those that mappings read.
        """
        bound = self.system(system)
        if whole:
            every = {name: replace(one, columns=()) for name, one in bound.streams.items()}
            bound = replace(bound, streams=every)
        gate = DatabaseGate(system, bound.config, self.control)
        return self._open(bound, self.connection(bound.config.conn_id), gate, lane)

    def _open(self, bound: BoundSystem, connection: Connection, gate: Gate, lane: Lane) -> Adapter:
        context = AdapterContext(
            system=bound.name,
            options=bound.options,
            streams=bound.streams,
            connection=connection,
            gate=gate,
            cache=self.settings.state / "cache" / bound.name,
            lane=lane,
        )
        return adapter_class(bound.config.type)(context)

    def prove_adapters(self) -> list[Problem]:
        """Return what is wrong in the systems' templates, calling nobody.

        What only a connection can tell (which database it is) is left to ``check``.
        """
        problems: list[Problem] = []
        for system in self.systems.values():
            nowhere = Connection(system.config.conn_id)
            try:
                self._open(system, nowhere, ShutGate(), Lane.SYNC).close()
            except ConfigurationError as error:
                problems.extend(error.problems)
            except MidspanError as error:
                log.debug("%s cannot be opened without its connection: %s", system.name, error)
        return problems

    def close(self) -> None:
        """Give back every store's connections."""
        for store in self._stores.values():
            store.close()
        self._stores.clear()
        if "control" in self.__dict__:
            self.control.close()
            del self.__dict__["control"]

    @property
    def has_control(self) -> bool:
        """Whether the control store is there already; one in a database server always is."""
        folder = self.settings.state / "store"
        return bool(self.settings.store_url) or control_file(folder).exists()

    @cached_property
    def control(self) -> ControlStore:
        """Return the store of what all processes know about the systems."""
        return open_control(self.settings.store_url, self.settings.state / "store")

    @cached_property
    def _stores(self) -> dict[str, Store]:
        return {}


def assemble(
    settings: Settings, connection: Callable[[str], Connection] = resolve_connection
) -> Project:
    """Read and bind a project; raise ConfigurationError with everything that is wrong.

    ``connection`` resolves a connection id whenever an adapter is opened.
    """
    files, problems = read_project(settings.home)
    centers = load_centers()
    mapped = compile_mappings(settings.home, files.syncs, problems)
    systems: dict[str, BoundSystem] = {}
    for system in files.systems.values():
        bound = _system(system, _columns(system.name, files.syncs, mapped), problems)
        if bound is not None:
            systems[system.name] = bound
    syncs = {
        sync.name: _sync(sync, files.systems, systems, mapped[sync.name], centers)
        for sync in files.syncs.values()
        if sync.name in mapped and sync.config.system in systems
    }
    if problems:
        raise ConfigurationError(in_order(problems))
    return Project(settings, files.digest, systems, syncs, centers, connection)


def _columns(
    system: str, syncs: Mapping[str, Sync], mapped: Mapping[str, CompiledMapping]
) -> dict[str, tuple[str, ...]]:
    return {
        sync.config.stream: mapped[sync.name].sources
        for sync in syncs.values()
        if sync.config.system == system and sync.name in mapped
    }


def _system(
    system: System, columns: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> BoundSystem | None:
    if system.config.type not in adapter_types():
        place = system.node.get("type") or system.node
        problems.append(
            place.problem(
                "config.unknown_adapter",
                f"no adapter '{system.config.type}' is installed",
                nearest(system.config.type, adapter_types()),
            )
        )
        return None
    cls = adapter_class(system.config.type)
    before = len(problems)
    options = bind(system.node, cls.spec, problems, ignore=keys_of(SystemConfig))
    streams: dict[str, BoundStream] = {}
    for stream in system.streams.values():
        config = stream.config
        key, mapped = config.primary_key, columns.get(stream.name)
        # What no sync reads yet is read whole.
        needed = () if mapped is None else _needed(key, config.cursor, mapped)
        whole = BoundStream(stream.name, key, config.cursor, None, needed, config.write)
        streams[stream.name] = _stream(whole, stream.node, StreamConfig, cls, problems)
        for part in stream.parts.values():
            key = (part.parent,)
            piece = BoundStream(part.name, key, part.cursor, None, _needed(key, part.cursor))
            streams[part.name] = _stream(piece, part.node, PartConfig, cls, problems)
    if len(problems) > before:
        return None
    return BoundSystem(system.name, system.config, options, streams)


def _stream(
    stream: BoundStream, node: Node, common: type, cls: type[Adapter], problems: list[Problem]
) -> BoundStream:
    """Return a stream with its adapter's own options."""
    options = bind(node, cls.stream_spec, problems, ignore=keys_of(common))
    return replace(stream, options=options)


def _needed(
    key: Sequence[str], cursor: CursorConfig | None, mapped: Sequence[str] = ()
) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*key, *(cursor.fields if cursor else ()), *mapped)))


def _sync(
    sync: Sync,
    systems: Mapping[str, System],
    bound: Mapping[str, BoundSystem],
    mapping: CompiledMapping,
    centers: Mapping[str, Center],
) -> BoundSync:
    config = sync.config
    stream = systems[config.system].streams[config.stream]
    center = next(one for one in centers.values() if config.entity in one.models)
    return BoundSync(
        name=sync.name,
        config=config,
        stream_config=stream.config,
        system=bound[config.system],
        stream=bound[config.system].streams[config.stream],
        parts={part.name: part for part in stream.parts.values()},
        mapping=mapping,
        center=center,
        model=center.models[config.entity],
    )
