"""A project's mappings put to the proof: linted on what is known of their sources, and tested.

Guarantee: whatever is wrong with a mapping file is told at once, whether a sync uses the file or
not. Systems are called only for rows, where these are asked for; a captured row is kept masked.
"""

import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.file.formats.base import PLACE_COLUMNS
from config.binding import nearest
from config.tree import Node, read_tree
from mappings import CompiledMapping, compile_mapping, load_mapping
from mappings.examples import failed_examples
from mappings.lint import Facts, Finding, lint_mapping
from mappings.proving.capture import Capture, capture
from mappings.proving.goldens import failed_rows, golden_path, read_golden, write_golden
from mappings.proving.outcomes import Failure
from midspan.kernel.errors import ConfigurationError, MidspanError, Problem, UnknownName
from midspan.sync.catalogs import kept_stream
from midspan.sync.project import BoundSync, Project
from midspan.sync.samples import first_rows
from shared_services.contracts.entities import EntityType, entity_types

_KEY_FILE = "mask.key"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Tested:
    """How a mapping stood its test; ``golden`` counts captured rows, None without a file.

    ``warnings`` are what keeps the test from proving much.
    """

    compiled: CompiledMapping
    examples: int
    golden: int | None
    failures: tuple[Failure, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Captured:
    """A golden file that was written, and what stands in it."""

    file: Path
    read: int
    capture: Capture


def project_mappings(home: Path, names: Sequence[str] = ()) -> list[CompiledMapping]:
    """Return the mappings of these names, all by default; a name is its file's, or the file.

    Raises ConfigurationError with all that is wrong in the files, and UnknownName
    ``mapping.unknown``.
    """
    files = {file.stem: file for file in sorted((home / "mappings").glob("*.yaml"))}
    wanted = [Path(name).stem if name.endswith(".yaml") else name for name in names] or [*files]
    for name in wanted:
        if name not in files:
            raise UnknownName(
                "mapping.unknown",
                f"there is no mapping '{name}' in {home / 'mappings'}",
                remedy=nearest(name, list(files)),
            )
    problems: list[Problem] = []
    found = [_compiled(files[name], problems) for name in dict.fromkeys(wanted)]
    if problems:
        raise ConfigurationError(problems)
    return [one for one in found if one is not None]


def _compiled(file: Path, problems: list[Problem]) -> CompiledMapping | None:
    try:
        tree = read_tree(file)
    except ConfigurationError as error:
        problems.extend(error.problems)
        return None
    entity = _entity(tree, problems)
    mapping = load_mapping(file, entity, problems) if entity else None
    return compile_mapping(mapping) if mapping else None


def _entity(tree: Node, problems: list[Problem]) -> EntityType | None:
    node = tree.get("entity") or tree
    name = str(node.value).partition("/")[0]
    found = entity_types().get(name)
    if found is None:
        message = "the mapping names no entity that there is"
        remedy = nearest(name, list(entity_types()))
        problems.append(node.problem("mapping.entity", message, remedy))
    return found


def tested(compiled: CompiledMapping) -> Tested:
    """Run a mapping's examples and its golden file."""
    mapping = compiled.mapping
    golden = read_golden(mapping)
    failures = failed_examples(compiled) + (failed_rows(compiled, golden) if golden else [])
    warnings = []
    if not mapping.examples:
        message = f"the mapping {mapping.name} has no examples"
        remedy = "Add examples: a row, and what must become of it"
        warnings.append(Problem("mapping.no_examples", mapping.file, 1, 1, message, remedy))
    return Tested(
        compiled,
        len(mapping.examples),
        len(golden.rows) if golden else None,
        tuple(failures),
        tuple(warnings),
    )


def captured(
    project: Project, name: str, rows: int, most: int, *, overwrite: bool = False
) -> Captured:
    """Read the first ``rows`` rows of a sync's stream, and keep at most ``most`` of them, masked.

    Raises ConfigurationError ``mapping.golden_exists`` when there is a file already, unless it
    may be overwritten, and MidspanError ``mapping.nothing_captured`` when there is no row to
    keep; then no file is written.
    """
    sync = project.sync(name)
    file = golden_path(sync.mapping.mapping)
    if file.exists() and not overwrite:
        message = "the golden file is there already"
        remedy = "Add --force to capture it anew"
        problem = Problem("mapping.golden_exists", file, 0, 0, message, remedy)
        raise ConfigurationError([problem])
    found = first_rows(project, sync, rows)
    done = capture(sync.mapping, found, _mask_key(project.settings.state), most)
    if not done.rows:
        raise MidspanError(
            "mapping.nothing_captured",
            f"{len(found)} rows were read, and none could be kept masked",
            remedy="Look at the rows with midspan preview",
            sync=name,
        )
    return Captured(write_golden(sync.mapping, name, done.rows), len(found), done)


def _mask_key(state: Path) -> bytes:
    """Return this installation's key for masks, made once and readable by its owner only."""
    file = state / _KEY_FILE
    if not file.exists():
        state.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=state, prefix=f".{_KEY_FILE}.")
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(_KEY_BYTES))
        # Whoever links first has made it; nobody ever sees half a key.
        with suppress(FileExistsError):
            file.hardlink_to(name)
        Path(name).unlink()
    return file.read_bytes()


def linted(project: Project, compiled: CompiledMapping, sample: int = 0) -> list[Finding]:
    """Return what lint finds in a mapping, with what is known of each stream that it is used for.

    ``sample`` rows of each stream are read; 0 calls nobody.
    """
    syncs = [one for one in project.syncs.values() if one.mapping.name == compiled.name]
    every = [_facts(project, sync, sample) for sync in syncs] or [Facts()]
    found = [finding for facts in every for finding in lint_mapping(compiled, facts)]
    return list(dict.fromkeys(found))


def _facts(project: Project, sync: BoundSync, sample: int) -> Facts:
    stream = sync.stream
    kept = kept_stream(project, sync.config.system, stream.name)
    cursor = stream.cursor.fields if stream.cursor else ()
    return Facts(
        fields={one.name: one for one in kept.stream.fields} if kept else {},
        at=kept.at if kept else None,
        used=frozenset((*stream.primary_key, *cursor, *PLACE_COLUMNS)),
        rows=first_rows(project, sync, sample, whole=True) if sample else None,
    )
