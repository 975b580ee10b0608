"""Checks one system: logs in and reads one row of each of its streams."""

from typing import Any

from midspan.kernel.errors import within
from midspan.sync.project import Project


def check_system(project: Project, name: str) -> list[dict[str, Any]]:
    """Return what was found of each stream; raises when the system cannot be used at all."""
    with within(system=name, connection=project.system(name).config.conn_id):
        adapter = project.adapter(name)
        try:
            report = adapter.check()
        finally:
            adapter.close()
    return [
        {"system": name, "stream": one.stream, "ok": one.readable, "problem": one.problem}
        for one in report.streams
    ]
