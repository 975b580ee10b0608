"""Opens an adapter as production does: from a project folder's YAML, behind a real gate.

Guarantee: what is measured holds everything that a sync's reading holds: configuration and
its checks, the control store, one passage of the gate a page.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from adapters.base import Adapter
from benchmarks.checks import Check
from benchmarks.frame import Sample, Stopwatch
from config.connections import Connection
from config.settings import Settings
from midspan.kernel.memory import rare_collections
from midspan.kernel.stream import Slice
from midspan.sync.project import assemble

BUDGET = "budget: {rate: 10000, concurrency: 8}\n"
"""For a system's YAML: the gate is passed, and never in the way."""

CHECKED = ("id", "name", "amount", "changed")
"""The fields that each contender sums up."""


@contextmanager
def opened(system: str, connection: Connection, columns: Sequence[str] = ()) -> Iterator[Adapter]:
    """Give the adapter of a system's YAML; its streams read ``columns`` (all when none)."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config" / "systems").mkdir(parents=True)
        (home / "config" / "systems" / "legacy.yaml").write_text(system)
        project = assemble(
            Settings(home, home / "state", None, "", "bench"), lambda _id: connection
        )
        bound = project.systems["legacy"]
        streams = {
            name: replace(stream, columns=tuple(columns)) for name, stream in bound.streams.items()
        }
        chosen = replace(project, systems={"legacy": replace(bound, streams=streams)})
        adapter = chosen.adapter("legacy")
        try:
            with rare_collections():
                yield adapter
        finally:
            adapter.close()
            chosen.close()


def read_all(adapter: Adapter, stream: str) -> Sample:
    """Read a stream from its beginning; time the reading alone."""
    watch, check, count = Stopwatch(), Check(), 0
    for batch in adapter.read(stream, Slice()):
        count += len(batch.rows)
        with watch.aside():
            places = [batch.columns.index(name) for name in CHECKED]
            check.add(*([row[place] for row in batch.rows] for place in places))
    return watch.sample(count, check.digest)
