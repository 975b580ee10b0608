"""Volume against history: a slice far off what the sync's runs have shown is not applied.

Explainable by hand, from the ledger alone:

* A reading of every row is compared with the rows the center holds of the sync, and with the
  earlier such readings: ``factor`` times fewer than it holds, or ``factor`` times more than both,
  is not believed.
* A slice of changes is compared with the greatest one before it, which counts for as much longer
  as the pause before this run was than any other: more than ``slice_factor`` times that is not
  believed; from the sixth run on.
* No row at all is not believed where there always was one, in 20 runs and 14 days or more, so
  that nights and week-ends have been seen.

A person who knows better lets one run pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, func, select

from config.model import VolumeConfig
from midspan.kernel.errors import SyncHalted
from midspan.sync.project import BoundSync

_LOOKED_AT = 200
_ENOUGH_SLICES = 5
_ENOUGH_FOR_ZERO = 20
_LONG_ENOUGH_FOR_ZERO = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that was applied: when it began, and how many rows it read."""

    started_at: datetime
    read: int


@dataclass(frozen=True, slots=True)
class History:
    """What a sync's runs have read, the latest first; ``known`` are the rows the center holds."""

    whole: Sequence[PastRun] = ()
    slices: Sequence[PastRun] = ()
    known: int = 0


def past_of(connection: Connection, sync: BoundSync, *, whole: bool) -> History:
    """Return the history that a reading of every row, or a slice of changes, is judged by."""
    table, source = sync.model.state.run, sync.model.source
    found = connection.execute(
        select(table.c.started_at, table.c.read)
        .where(
            table.c.sync == sync.name,
            table.c.kind == "sync",
            table.c.status == "succeeded",
            table.c.whole.is_(whole),
        )
        .order_by(table.c.started_at.desc())
        .limit(_LOOKED_AT)
    )
    runs = [PastRun(row.started_at, row.read) for row in found]
    if not whole:
        return History(slices=runs)
    live = (source.c.sync == sync.name, source.c.deleted_at.is_(None))
    known = connection.execute(select(func.count()).select_from(source).where(*live)).scalar_one()
    return History(whole=runs, known=known)


def judge_volume(
    name: str, config: VolumeConfig, read: int, past: History, now: datetime, *, whole: bool
) -> None:
    """Raise SyncHalted when a slice of ``read`` rows is too far off the history to be believed."""
    if whole:
        _judge_whole(name, config, read, past)
    elif read == 0:
        _judge_zero(name, config, past.slices)
    else:
        _judge_slice(name, config, read, past.slices, now)


def _judge_whole(name: str, config: VolumeConfig, read: int, past: History) -> None:
    most = max([past.known, *(run.read for run in past.whole)])
    if past.known - read >= config.rows and read * config.factor < past.known:
        raise _off(
            name,
            f"a reading of every row found {read:,} rows where {past.known:,} are known, "
            f"fewer by more than the factor {config.factor}",
        )
    if most and read - most >= config.rows and read > most * config.factor:
        raise _off(
            name,
            f"a reading of every row found {read:,} rows where there were {most:,} at most, "
            f"more by more than the factor {config.factor}",
        )


def _judge_slice(
    name: str, config: VolumeConfig, read: int, slices: Sequence[PastRun], now: datetime
) -> None:
    if len(slices) < _ENOUGH_SLICES:
        return
    greatest = max(run.read for run in slices)
    pause, longest = now - slices[0].started_at, _longest_pause(slices)
    expected = greatest * max(1.0, pause / longest if longest else 1.0)
    if read - expected >= config.rows and read > expected * float(config.slice_factor):
        raise _off(
            name,
            f"a slice of changes holds {read:,} rows where {greatest:,} were the most in "
            f"{len(slices)} runs (the last {_spell(pause)} ago, pauses up to {_spell(longest)}), "
            f"more by more than the factor {config.slice_factor}",
        )


def _judge_zero(name: str, config: VolumeConfig, slices: Sequence[PastRun]) -> None:
    if config.zero or len(slices) < _ENOUGH_FOR_ZERO:
        return
    seen = slices[0].started_at - slices[-1].started_at
    fewest = min(run.read for run in slices)
    if fewest > 0 and seen >= _LONG_ENOUGH_FOR_ZERO:
        raise SyncHalted(
            "sync.unexpected_zero",
            f"no row at all was read, where each of {len(slices)} runs in {seen.days} days read "
            f"{fewest:,} or more; nothing was applied",
            remedy="Check the source; run once with --allow-volume, or set volume.zero: true",
            sync=name,
        )


def _longest_pause(slices: Sequence[PastRun]) -> timedelta:
    pauses = [later.started_at - earlier.started_at for later, earlier in pairwise(slices)]
    return max(pauses, default=timedelta())


def _off(name: str, what: str) -> SyncHalted:
    return SyncHalted(
        "sync.volume",
        f"{what}; nothing was applied",
        remedy="Check the source; if it is right, run once with --allow-volume, or set volume",
        sync=name,
    )


def _spell(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
