"""What is in a system: looked into once, kept, and looked at again only where it is asked for.

Guarantee: whatever is known already is answered without calling the system; each answer says
how old it is. A stream that is asked for by the name under which a system's file configures it
is the stream that the file means.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from datetime import datetime
from typing import Any

from config.binding import nearest
from config.tree import Node
from midspan.governor import KeptCatalog, KeptStream
from midspan.kernel.catalog import CatalogStream
from midspan.kernel.errors import TransientError, UnknownName, within
from midspan.sync.project import Project

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """Streams of a system with the time each was looked at, and what could not be.

    ``whole`` is when the system was last listed as a whole; None if never.
    """

    system: str
    streams: tuple[KeptStream, ...]
    whole: datetime | None
    remarks: tuple[str, ...] = ()


def discover(
    project: Project, system: str, names: Sequence[str] = (), *, refresh: bool = False
) -> Found:
    """Return what there is to read in a system: all, or the streams of these ``names``.

    The system is called for what is not known yet, and for all that is asked for when
    ``refresh``. Raises UnknownName ``adapter.unknown_stream`` for a name that is not there.
    """
    bound = project.system(system)
    catalogs = project.control.catalogs
    known = catalogs.load(system)
    remarks: tuple[str, ...] = ()
    missing = [name for name in names if refresh or not _of(project, system, known, [name])]
    if missing or (not names and (refresh or known.whole is None)):
        with within(system=system, connection=bound.config.conn_id):
            remarks = _look(project, system, _source_names(project, system, known, missing))
        known = catalogs.load(system)
    if not names:
        streams = tuple(_configured(project, system, one) for one in known.streams)
        return Found(system, streams, known.whole, known.remarks)
    for name in names:
        if not _of(project, system, known, [name]):
            raise _unknown(name, known, remarks)
    return Found(system, _of(project, system, known, names), known.whole, remarks)


def kept_stream(project: Project, system: str, stream: str) -> KeptStream | None:
    """Return what is kept of a stream of the system's file; None where nothing is.

    No system is called, and no store is made where there is none yet; one that is out of reach
    has nothing to say.
    """
    if not project.has_control:
        return None
    try:
        known = project.control.catalogs.load(system)
    except TransientError as error:
        log.warning("the catalogs cannot be looked into: %s", error)
        return None
    return next(iter(_of(project, system, known, [stream])), None)


def _look(project: Project, system: str, names: Sequence[str]) -> tuple[str, ...]:
    adapter = project.adapter(system)
    try:
        catalog = adapter.discover(names or None)
    finally:
        adapter.close()
    # What holds nothing yet is looked at again the next time.
    project.control.catalogs.keep(system, catalog, whole=not names and bool(catalog.streams))
    return catalog.remarks


def _of(
    project: Project, system: str, known: KeptCatalog, names: Sequence[str]
) -> tuple[KeptStream, ...]:
    streams = [_configured(project, system, one) for one in known.streams]
    return tuple(
        one for one in streams if one.stream.name in names or {*one.stream.configured} & {*names}
    )


def _source_names(
    project: Project, system: str, known: KeptCatalog, names: Sequence[str]
) -> list[str]:
    """Return the source's own names of streams, where they are known already."""
    found: list[str] = []
    for name in names:
        own = [one.stream.name for one in _of(project, system, known, [name])]
        found += own or [name]
    return list(dict.fromkeys(found))


def _configured(project: Project, system: str, kept: KeptStream) -> KeptStream:
    """Return a stream with the names by which the project's files read it now."""
    stream = kept.stream
    if not stream.config:
        return kept
    names = [
        bound.name
        for bound in project.system(system).streams.values()
        if _reads(bound.options, stream)
    ]
    return replace(kept, stream=replace(stream, configured=tuple(names)))


def _reads(options: object, stream: CatalogStream) -> bool:
    return all(
        _plain(getattr(options, key, None)) == _plain(value) for key, value in stream.config.items()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Node):
        return value.plain()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if is_dataclass(value):
        raw = {name: getattr(value, name) for name in value.__dataclass_fields__}
        return {name: _plain(item) for name, item in raw.items() if item is not None}
    return value


def _unknown(name: str, known: KeptCatalog, remarks: Sequence[str]) -> UnknownName:
    names = [one.stream.name for one in known.streams]
    why = "; ".join(remark for remark in remarks if name in remark)
    return UnknownName(
        "adapter.unknown_stream",
        why or f"there is nothing to read by the name '{name}'",
        remedy=nearest(name, names) if names else "Run discover without a stream to list them",
    )
