"""Which rows are in flight: changed after the last run read its source, and not lost.

Guarantee: a change that the last run was bound to read by its configuration is never taken for
one in flight. A row's own stamp tells, or that of a part that names it as its parent.
"""

from datetime import datetime, timedelta
from functools import cached_property

from adapters.base import Adapter
from config.model import CursorConfig, Part
from midspan.kernel.errors import RecordError
from midspan.kernel.stream import Slice
from midspan.sync.marks import first_stamp
from midspan.sync.project import BoundSync
from midspan.sync.staging import key_text
from midspan.sync.state import CursorState

_GRAIN = timedelta(seconds=1)
"""Stamps may be of whole seconds: two changes within one cannot be told apart."""


class Flight:
    """What the next run of a sync will bring, its cursor being where it is now."""

    def __init__(self, adapter: Adapter, sync: BoundSync, cursor: CursorState) -> None:
        self._adapter = adapter
        self._sync = sync
        self.cursor = cursor

    def holds(self, key: str, there: str | None, here: str | None) -> bool:
        """Return whether a row that differs is in flight; its stamps in the source and here."""
        config = self._sync.stream.cursor
        if config is None or there is None:
            return False
        if self.cursor.as_of is None or not config.codec.tells_time:
            return self.cursor.value is None or there > self.cursor.value
        # The center knows this very stamp: only a second change within its grain is in flight.
        margin = _GRAIN if there == here else config.commit_lag
        return there >= _instant(config, self.cursor.as_of - margin) or key in self._parents

    @cached_property
    def _parents(self) -> frozenset[str]:
        """Return the keys that changed parts name, which the parent's own stamp does not tell."""
        return frozenset(key for part in self._sync.parts.values() for key in self._named_by(part))

    def _named_by(self, part: Part) -> list[str]:
        as_of = self.cursor.as_of
        if as_of is None or not part.cursor.codec.tells_time:
            return []
        codec, ceiling = part.cursor.codec, _instant(part.cursor, as_of - part.cursor.commit_lag)
        found: list[str] = []
        for batch in self._adapter.read(part.name, Slice(lower=codec.render(ceiling))):
            parent = batch.columns.index(part.parent)
            stamps = [batch.columns.index(name) for name in part.cursor.fields]
            for row in batch.rows:
                try:
                    changed = first_stamp(codec.read, row, stamps)
                except RecordError:
                    changed = None
                if changed is None or changed >= ceiling:
                    owners = row[parent]
                    several = owners if isinstance(owners, list | tuple) else [owners]
                    found += [key_text((one,)) for one in several if one is not None]
        return found


def _instant(config: CursorConfig, moment: datetime) -> str:
    return config.codec.at(moment) or ""
