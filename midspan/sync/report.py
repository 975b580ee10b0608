"""What a run did, in numbers that must add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from midspan.store.tables import COUNTS
from midspan.sync.lag import Lag

RunKind = Literal["sync", "deletes", "replay", "erase", "backfill", "rewind", "reconcile"]


@dataclass(slots=True)
class Ledger:
    """Every row a run touched, accounted for; see ``midspan.store.tables.COUNTS``."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))

    def __getitem__(self, name: str) -> int:
        return self.counts[name]

    def add(self, name: str, number: int) -> None:
        """Count ``number`` more."""
        self.counts[name] += number

    @property
    def balanced(self) -> bool:
        """Whether every row read, and every row compared, is accounted for."""
        kept = ("inserted", "updated", "unchanged")
        left = ("filtered", "quarantined", "duplicate", "stale")
        return (
            self["read"] == sum(self[name] for name in (*kept, *left))
            and self["future"] <= self["read"]
            and self["listed"] == self["present"] + self["missing"]
        )


@dataclass(frozen=True, slots=True)
class RunReport:
    """One finished run. ``lag`` is what all runs have shown of rows that commit late.

    ``remapped``: a new mapping version made it read every row again.
    """

    run_id: str
    sync: str
    kind: RunKind
    started_at: datetime
    finished_at: datetime
    ledger: Ledger
    events: int
    cursor_from: str | None
    cursor_to: str | None
    golden: Mapping[str, int]
    dry_run: bool = False
    lag: Lag | None = None
    remapped: bool = False

    @property
    def changed(self) -> bool:
        """Whether any canonical value changed."""
        return any(self.golden.values())

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON-serialisable values."""
        return {
            "run_id": self.run_id,
            "sync": self.sync,
            "kind": self.kind,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            **self.ledger.counts,
            "balanced": self.ledger.balanced,
            "events": self.events,
            "cursor_from": self.cursor_from,
            "cursor_to": self.cursor_to,
            "golden": dict(self.golden),
            "dry_run": self.dry_run,
            "remapped": self.remapped,
            "lag": self.lag.as_dict() if self.lag else None,
        }
