"""The project's own vocabulary: systems, streams, syncs, and what runs around them.

These dataclasses are the schema of ``config/systems/*.yaml`` and ``config/syncs/*.yaml``.
What only an adapter understands (how a stream is asked for) stays a tree here and is bound
to the adapter's own options when the project is assembled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from config.tree import Node
from midspan.kernel.cursor import CursorCodec, CursorKind


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """Load a system's owner allows: calls a second, and calls at the same time.

    It holds for all processes and machines together. ``reserve`` is the share of both that
    syncs and backfills leave to live calls.
    """

    rate: float = 10.0
    concurrency: int = 2
    reserve: float = 0.2


LaneName = Literal["live", "sync", "backfill"]
"""The value of a ``midspan.kernel.gate.Lane``."""


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """A time of the week when a system may not be called.

    ``from_`` and ``to`` are what a clock on the wall of ``zone`` shows (``08:00``); ``to`` at
    or before ``from_`` is on the next day, ``24:00`` is midnight. ``days`` are those on which
    the window begins: ``mon``, or ``mon-fri``.
    """

    from_: str | int
    to: str | int
    zone: str
    days: tuple[str, ...] = ("mon-sun",)
    lanes: tuple[LaneName, ...] = ("sync", "backfill")


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """When a failing system is left alone, and for how long.

    ``failures`` in a row, whoever met them, open it; then nobody calls for ``cooldown``,
    twice as long after each failed try, ``longest`` at most.
    """

    failures: int = 5
    cooldown: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class TimeoutsConfig:
    """Bounds of one remote call."""

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=30)
    total: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How often a call that failed for the moment is repeated, and how long in between."""

    attempts: int = 4
    first_wait: timedelta = timedelta(milliseconds=500)
    longest_wait: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class CursorConfig:
    """What orders a stream's changes.

    ``fields`` are tried in order and the first that holds a stamp counts (some systems leave
    the change stamp empty until the first change). ``empty`` lists values that stand for no
    stamp (``1900-01-01``, 0), beside null, blanks and dates of zeros, which always do in a
    date or date-time. ``lookback`` re-reads behind the saved
    cursor: a duration for times and dates, a number of ids for integers. ``commit_lag`` is
    how long a row may stay invisible after its stamp. ``gaps``: how long an id that is missing
    below the greatest one is asked for again, where an integer cursor is the primary key.
    """

    fields: tuple[str, ...]
    type: CursorKind = "datetime"
    zone: str = "UTC"
    format: str | None = None
    empty: tuple[str | int, ...] = ()
    lookback: timedelta | int = timedelta(minutes=2)
    commit_lag: timedelta = timedelta(seconds=5)
    gaps: timedelta = timedelta(days=1)

    @property
    def codec(self) -> CursorCodec:
        """Return the translation between the source's values and canonical texts."""
        return CursorCodec(self.type, self.zone, self.format, self.empty)


@dataclass(frozen=True, slots=True)
class PartConfig:
    """A child record whose change marks its parent, which the system leaves untouched.

    ``parent`` is the part's field that holds the parent's primary key; ``cursor`` is the
    stream's own where it is not said.
    """

    parent: str
    cursor: CursorConfig | None = None


@dataclass(frozen=True, slots=True)
class WriteConfig:
    """What may be written into a stream's records.

    ``reference`` is the field that carries our own reference and can be searched for; without
    one nothing is created. ``settle_after`` is how long a record may stay unseen after it was
    sent: longer than the longest transaction of the source.
    """

    operations: tuple[Literal["create", "update", "delete"], ...]
    reference: str | None = None
    settle_after: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """What every stream declares, whatever its adapter."""

    primary_key: tuple[str, ...]
    cursor: CursorConfig | None = None
    deletes: Literal["none", "snapshot"] = "none"
    freshness: timedelta | None = None
    parts: Mapping[str, Node] = field(default_factory=dict)
    write: WriteConfig | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream or part: its common declaration and its adapter's own tree."""

    name: str
    config: StreamConfig
    parts: Mapping[str, "Part"]
    node: Node


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stream; ``name`` is qualified: ``customers.contact_mechanisms``.

    ``parent`` is the field that holds the parent's key, ``cursor`` what orders its changes.
    """

    name: str
    parent: str
    cursor: CursorConfig
    node: Node


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """One legacy system; keys beyond these belong to the adapter named by ``type``."""

    type: str
    conn_id: str
    description: str = ""
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    windows: tuple[WindowConfig, ...] = ()
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    timeouts: TimeoutsConfig = field(default_factory=TimeoutsConfig)
    retry: RetryConfig = field(default_factory=RetryConfig)
    streams: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """A system by its name (the file's), with its streams and its adapter's own tree."""

    name: str
    config: SystemConfig
    streams: Mapping[str, Stream]
    node: Node


@dataclass(frozen=True, slots=True)
class ErrorLimit:
    """How many rows of a slice may be refused before it is not applied at all."""

    rows: int = 100
    percent: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class SurvivorshipConfig:
    """Whose value wins in a golden record: the lowest number, then the most recent change.

    ``fields`` overrides ``priority`` for single fields.
    """

    priority: int = 100
    fields: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeletesConfig:
    """When a stream's keys are compared, and how many may vanish at once."""

    schedule: str = "@daily"
    max_delete_pct: Decimal = Decimal(5)


@dataclass(frozen=True, slots=True)
class QuarantineConfig:
    """How many days the content of a refused row is kept after it was last refused."""

    keep_days: int = 90


@dataclass(frozen=True, slots=True)
class VolumeConfig:
    """When the number of rows in a slice is too far off its history to be believed.

    A reading of every row may hold ``factor`` times as many rows as the earlier ones, or as few;
    a slice of changes ``slice_factor`` times as many as the greatest. Differences of fewer than
    ``rows`` count for nothing. ``zero``: whether no row at all may come where there always was one.
    """

    factor: Decimal = Decimal(2)
    slice_factor: Decimal = Decimal(10)
    rows: int = 1000
    zero: bool = False


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """One stream of one system into one canonical entity.

    ``on_mapping_change``: whether the first run of a new mapping version reads every row again
    (``backfill``), or rows stay as they came until the source changes them (``keep``).
    """

    system: str
    stream: str
    entity: str
    mapping: str
    schedule: str = "@hourly"
    tier: str = "standard"
    owner: str = "midspan"
    allow_empty: bool = False
    on_mapping_change: Literal["backfill", "keep"] = "backfill"
    error_limit: ErrorLimit = field(default_factory=ErrorLimit)
    survivorship: SurvivorshipConfig = field(default_factory=SurvivorshipConfig)
    deletes: DeletesConfig = field(default_factory=DeletesConfig)
    quarantine: QuarantineConfig = field(default_factory=QuarantineConfig)
    volume: VolumeConfig = field(default_factory=VolumeConfig)


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync with its place; its name is ``system.stream``."""

    config: SyncConfig
    node: Node

    @property
    def name(self) -> str:
        """Return ``system.stream``."""
        return f"{self.config.system}.{self.config.stream}"


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """Everything read from a project folder, before adapters and mappings are bound."""

    systems: Mapping[str, System]
    syncs: Mapping[str, Sync]
    digest: str
