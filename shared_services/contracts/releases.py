"""Released sets of contracts: what apps in the field rely on, kept for good.

A release is a file ``released/N.json``: every message as ``schemas.published`` gave it on that
day. Releases are never changed; the next one is compared with the last.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from midspan.kernel.errors import MidspanError
from shared_services.contracts.compatibility import Change, Messages, changes
from shared_services.contracts.schemas import published

FOLDER = "released"


@dataclass(frozen=True, slots=True)
class Release:
    """A released set by number; 0 is the empty one before the first."""

    number: int
    messages: Messages


def own_folder() -> Path:
    """Return where this package keeps its releases."""
    return Path(str(files(__package__) / FOLDER))


def last_release() -> Release:
    """Return the newest release that this package carries."""
    numbers = [int(file.stem) for file in own_folder().glob("*.json")]
    if not numbers:
        return Release(0, {})
    file = own_folder() / f"{max(numbers)}.json"
    return Release(max(numbers), json.loads(file.read_text("utf-8")))


def changes_since_release() -> list[Change]:
    """Return what differs from the last release."""
    return changes(last_release().messages, published())


def write_release(folder: Path, *, breaking: bool = False) -> Path | None:
    """Write the next release into ``folder``; return its file, None when nothing changed.

    Raises MidspanError ``contracts.breaking`` for changes that break apps, unless ``breaking``.
    """
    last, found = last_release(), changes_since_release()
    if not found:
        return None
    count = sum(change.breaking for change in found)
    if count and not breaking:
        raise MidspanError(
            "contracts.breaking",
            f"{count} changes since release {last.number} break apps that speak it",
            remedy="See `midspan contracts diff`; keep the old message beside a new version of it",
        )
    file = folder / f"{last.number + 1}.json"
    file.write_text(as_json(published()), "utf-8")
    return file


def as_json(value: Any) -> str:
    """Return a document as it is checked in: sorted, indented, ended by a newline."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
