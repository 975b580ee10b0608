"""The published language as files: JSON Schemas of each message, one AsyncAPI document of all.

Writing is repeatable byte for byte; files of messages that no longer exist are removed.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from midspan.kernel.errors import UnknownName
from shared_services.contracts.asyncapi import asyncapi_document, schema_files
from shared_services.contracts.releases import as_json, last_release
from shared_services.contracts.schemas import Schema, published

ASYNCAPI: Final = "asyncapi.json"
SCHEMAS: Final = "schemas"


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    return asyncapi_document(last_release().number)


def parts_of(message: str) -> Schema:
    """Return a message's schemas; UnknownName ``contracts.unknown`` with the nearest name."""
    messages = published()
    if message not in messages:
        near = get_close_matches(message, messages, 1, 0.0)
        raise UnknownName(
            "contracts.unknown",
            f"there is no message {message!r}",
            remedy=f"The nearest is {near[0]}; `midspan contracts list` shows all",
        )
    return messages[message]


def documents() -> dict[str, str]:
    """Return the text of every file, by its path in the folder."""
    schemas = {f"{SCHEMAS}/{name}": as_json(schema) for name, schema in schema_files().items()}
    return {ASYNCAPI: as_json(document()), **schemas}


def write_documents(folder: Path) -> int:
    """Write every file; return how many."""
    texts = documents()
    (folder / SCHEMAS).mkdir(parents=True, exist_ok=True)
    for old in (folder / SCHEMAS).glob("*.schema.json"):
        if f"{SCHEMAS}/{old.name}" not in texts:
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return len(texts)
