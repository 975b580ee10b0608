"""Reads a project folder: all systems and syncs, and every problem in them at once.

Reads files only: no network, no database, no adapter is imported, so that a DAG processor
may call it at every parse.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.binding import bind, keys_of, nearest
from config.limits import check_limits
from config.model import (
    CursorConfig,
    Part,
    PartConfig,
    ProjectFiles,
    Stream,
    StreamConfig,
    Sync,
    SyncConfig,
    System,
    SystemConfig,
)
from config.tree import Node, read_tree
from midspan.kernel.errors import ConfigurationError, Problem

T = TypeVar("T")


def load_project(home: Path) -> ProjectFiles:
    """Read ``home``; raise ConfigurationError when anything in it is wrong."""
    files, problems = read_project(home)
    if problems:
        raise ConfigurationError(problems)
    return files


def read_project(home: Path) -> tuple[ProjectFiles, list[Problem]]:
    """Read ``home`` and return what is healthy, and the problems of what is not.

    Raises ConfigurationError only when ``home`` is no project folder at all.
    """
    folder = home / "config"
    if not (folder / "systems").is_dir():
        raise ConfigurationError(
            [
                Problem(
                    "config.no_project",
                    home,
                    0,
                    0,
                    "there is no config/systems folder here",
                    "Set MIDSPAN_HOME to a project folder",
                )
            ]
        )
    problems: list[Problem] = []
    system_files = sorted((folder / "systems").glob("*.yaml"))
    systems = {}
    for tree in _read_trees(system_files, problems):
        system = _system(tree, problems)
        if system is not None:
            systems[system.name] = system
    # A system whose file is broken is told of once, not again by each of its syncs.
    known = [file.stem for file in system_files]
    sync_trees = _read_trees(sorted((folder / "syncs").glob("*.yaml")), problems)
    syncs = _syncs(sync_trees, systems, known, problems)
    return ProjectFiles(systems, syncs, project_digest(home)), problems


def project_digest(home: Path) -> str:
    """Return a hash of every configuration and mapping file: a run is pinned to it.

    The project's own converters are among them.
    """
    digest, functions = hashlib.sha256(), home / "mappings" / "functions.py"
    for folder in (home / "config", home / "mappings"):
        for file in sorted(folder.rglob("*")):
            if (file.suffix in {".yaml", ".csv"} or file == functions) and file.is_file():
                digest.update(file.relative_to(home).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _read_trees(files: Iterable[Path], problems: list[Problem]) -> list[Node]:
    trees = []
    for file in files:
        try:
            trees.append(read_tree(file))
        except ConfigurationError as error:
            problems.extend(error.problems)
    return trees


def _system(tree: Node, problems: list[Problem]) -> System | None:
    adapter_keys = frozenset(tree.keys) - keys_of(SystemConfig)
    config = bind(tree, SystemConfig, problems, ignore=adapter_keys)
    if config is None:
        return None
    before = len(problems)
    check_limits(tree, config, problems)
    streams = {
        name: stream
        for name, node in config.streams.items()
        if (stream := _stream(name, node, problems)) is not None
    }
    if len(problems) > before:
        return None
    return System(tree.file.stem, config, streams, tree)


def _stream(name: str, node: Node, problems: list[Problem]) -> Stream | None:
    config = _common(node, StreamConfig, problems)
    if config is None:
        return None
    if config.cursor is not None:
        _check_zone(node, config.cursor, problems)
    _check_write(node, config, problems)
    parts = {}
    for part_name, part_node in config.parts.items():
        part = _part(f"{name}.{part_name}", part_node, config, problems)
        if part is not None:
            parts[part_name] = part
    return Stream(name, config, parts, node)


def _part(name: str, node: Node, stream: StreamConfig, problems: list[Problem]) -> Part | None:
    config = _common(node, PartConfig, problems)
    if config is None:
        return None
    cursor = config.cursor or stream.cursor
    if cursor is None:
        problems.append(
            node.problem(
                "config.part_cursor",
                "neither this part nor its stream has a cursor",
                "Give the part a cursor, by which its changes are found",
            )
        )
        return None
    if config.cursor is not None:
        _check_zone(node, cursor, problems)
    return Part(name, config.parent, cursor, node)


def _check_write(node: Node, config: StreamConfig, problems: list[Problem]) -> None:
    if config.write is None or config.write.reference or "create" not in config.write.operations:
        return
    place = node.get("write") or node
    problems.append(
        place.problem(
            "config.no_reference",
            "records may be created here without a reference by which they are found again",
            "Name under 'reference' a field that carries our reference and can be searched for",
        )
    )


def _common(node: Node, cls: type[T], problems: list[Problem]) -> T | None:
    return bind(node, cls, problems, ignore=frozenset(node.keys) - keys_of(cls))


def _check_zone(node: Node, cursor: CursorConfig, problems: list[Problem]) -> None:
    place = node.get("cursor") or node
    try:
        ZoneInfo(cursor.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(
            (place.get("zone") or place).problem(
                "config.zone", f"the time zone '{cursor.zone}' is not known", "Use an IANA name"
            )
        )
    if isinstance(cursor.lookback, int) != (cursor.type == "integer"):
        problems.append(
            (place.get("lookback") or place).problem(
                "config.lookback",
                f"a {cursor.type} cursor cannot look back by this",
                "Give a number of ids for an integer cursor, a duration such as 2m for others",
            )
        )


def _syncs(
    trees: list[Node], systems: dict[str, System], known: list[str], problems: list[Problem]
) -> dict[str, Sync]:
    syncs: dict[str, Sync] = {}
    for tree in trees:
        config = bind(tree, SyncConfig, problems)
        if config is None or not _source_exists(config, tree, systems, known, problems):
            continue
        sync = Sync(config, tree)
        if sync.name in syncs:
            other = syncs[sync.name].node.file.name
            problems.append(
                tree.problem("config.twice", f"{other} already syncs {sync.name}", "Remove one")
            )
            continue
        syncs[sync.name] = sync
    return syncs


def _source_exists(
    config: SyncConfig,
    tree: Node,
    systems: dict[str, System],
    known: list[str],
    problems: list[Problem],
) -> bool:
    if config.system not in known:
        place = tree.get("system") or tree
        problems.append(
            place.problem(
                "config.unknown_system",
                f"there is no system '{config.system}'",
                nearest(config.system, known),
            )
        )
        return False
    system = systems.get(config.system)
    if system is None:
        return False
    if config.stream not in system.streams:
        place = tree.get("stream") or tree
        problems.append(
            place.problem(
                "config.unknown_stream",
                f"the system '{config.system}' has no stream '{config.stream}'",
                nearest(config.stream, list(system.streams)),
            )
        )
        return False
    return True
