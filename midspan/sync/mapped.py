"""The mapping of each sync, and all that is wrong in a project's configuration and mappings.

Reads files only: no network, no database, no adapter is imported, so that Airflow's DAG
processor may call it at every parse. What only an adapter knows about its own keys is found
by ``midspan.sync.project``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from config.binding import nearest
from config.loader import read_project
from config.model import Sync
from mappings import CompiledMapping, compile_mapping, load_mapping
from midspan.kernel.errors import ConfigurationError, Problem
from shared_services.contracts.entities import entity_types


def require_sound_files(home: Path) -> None:
    """Raise ConfigurationError with everything that is wrong in ``home``, each at its place."""
    files, problems = read_project(home)
    compile_mappings(home, files.syncs, problems)
    if problems:
        raise ConfigurationError(in_order(problems))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems by file and line."""
    return sorted(problems, key=lambda one: (str(one.file), one.line))


def compile_mappings(
    home: Path, syncs: Mapping[str, Sync], problems: list[Problem]
) -> dict[str, CompiledMapping]:
    """Return the mapping of each sync by its name; one that is wrong is left out and told of."""
    entities = entity_types()
    compiled = {}
    for sync in syncs.values():
        entity = entities.get(sync.config.entity)
        if entity is None:
            place = sync.node.get("entity") or sync.node
            problems.append(
                place.problem(
                    "config.unknown_entity",
                    f"there is no entity '{sync.config.entity}'",
                    nearest(sync.config.entity, list(entities)),
                )
            )
            continue
        file = home / "mappings" / sync.config.mapping
        if not file.is_file():
            place = sync.node.get("mapping") or sync.node
            known = [path.name for path in (home / "mappings").glob("*.yaml")]
            problems.append(
                place.problem(
                    "config.unknown_mapping",
                    f"there is no mapping file '{sync.config.mapping}'",
                    nearest(sync.config.mapping, known),
                )
            )
            continue
        mapping = load_mapping(file, entity, problems)
        if mapping is not None:
            compiled[sync.name] = compile_mapping(mapping)
    return compiled
