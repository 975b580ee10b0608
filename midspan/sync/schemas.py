"""The JSON Schemas of a project's files, as this installation reads them.

The adapters that are installed, third parties' among them, say what a system may hold.
"""

import json
import logging
from pathlib import Path

from adapters.base import adapter_class, adapter_types
from config.schema import sync_schema, system_schema
from mappings.converters import converters
from mappings.converters.own import converters_of
from mappings.schema import mapping_schema
from midspan.kernel.errors import MidspanError
from shared_services.contracts.entities import entity_types

log = logging.getLogger(__name__)

FOLDER = Path("config") / "schemas"


def project_schemas(home: Path | None = None) -> dict[str, str]:
    """Return each schema's text by its file's name in ``FOLDER``.

    The converters of the project in ``home``, its own among them, are those of mappings.
    """
    found = converters() if home is None else converters_of(home / "mappings", [])
    schemas = {
        "system.schema.json": system_schema(_adapters()),
        "sync.schema.json": sync_schema(list(entity_types())),
        "mapping.schema.json": mapping_schema(found.values(), entity_types().values()),
    }
    return {name: f"{json.dumps(one, indent=1)}\n" for name, one in schemas.items()}


def _adapters() -> dict[str, tuple[type, type]]:
    keys = {}
    for name in adapter_types():
        try:
            adapter = adapter_class(name)
        except MidspanError as error:
            log.warning("the schema leaves out %s: %s", name, error)
        else:
            keys[name] = (adapter.spec, adapter.stream_spec)
    return keys


def write_schemas(home: Path) -> list[str]:
    """Bring a project's schemas up to date; return those that were written, from ``home``."""
    written = []
    for name, text in project_schemas(home).items():
        file = home / FOLDER / name
        if not file.is_file() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            written.append((FOLDER / name).as_posix())
    return written
