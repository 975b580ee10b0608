"""Digests of rows, put aside on disk: where two sides differ is found without moving rows.

Guarantee: memory does not grow with the number of rows. Equal canonical values give equal
digests, however a store writes them (1.50 and 1.5, an instant in another zone). Rows fall into
buckets by a hash of their key; only rows of buckets whose sums differ are compared one by one.
The file is private to one comparison and gone afterwards. It holds keys and digests, no values.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import xxhash
from sqlalchemy import MetaData, Table, delete, exists, func, or_, select

from midspan.store.engine import STAGING, Store, open_staging
from midspan.store.load import bulk_insert
from midspan.store.tables import rowid
from midspan.store.types import column

_COLUMNS = ("source_key", "bucket", "low", "high", "changed", "key")
_HALF = 32
_KINDS = frozenset((Decimal, datetime, tuple, list, dict))


def digest_of(key: str, values: Sequence[Any]) -> int:
    """Return 64 bits that stand for a row."""
    plain = [_plain(one) if type(one) in _KINDS else one for one in values]
    return xxhash.xxh3_64_intdigest(key.encode() + b"\0" + msgspec.json.encode(plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key that one side lacks, or whose digests differ; ``native`` is as the source gave it."""

    key: str
    native: tuple[Any, ...] | None


class Digests:
    """The digests of two sides, ``source`` and ``center``."""

    def __init__(self, store: Store, buckets: int) -> None:
        self._store = store
        self._buckets = buckets
        metadata = MetaData(schema=STAGING)
        self._sides = {name: _table(name, metadata) for name in ("source", "center")}
        with store.write() as connection:
            metadata.create_all(connection)

    def add(
        self, side: str, rows: Iterable[tuple[str, int | None, str | None, Sequence[Any] | None]]
    ) -> None:
        """Put rows aside: key, digest (None: there, but not to be compared), stamp, native key."""
        mask = (1 << _HALF) - 1
        found = [
            (
                key,
                xxhash.xxh3_64_intdigest(key.encode()) % self._buckets,
                None if digest is None else digest & mask,
                None if digest is None else digest >> _HALF,
                changed,
                None if native is None else msgspec.json.encode(native, enc_hook=str).decode(),
            )
            for key, digest, changed, native in rows
        ]
        with self._store.write() as connection:
            bulk_insert(connection, self._sides[side], _COLUMNS, found)

    def settle(self) -> None:
        """Keep the latest of the source's rows that share a key."""
        table = self._sides["source"]
        stamp = func.coalesce(table.c.changed, "")
        rank = func.row_number().over(
            partition_by=table.c.source_key, order_by=(stamp.desc(), table.c.seq.desc())
        )
        ranked = select(table.c.seq, rank.label("rank")).subquery()
        with self._store.write() as connection:
            connection.execute(
                delete(table).where(table.c.seq.in_(select(ranked.c.seq).where(ranked.c.rank > 1)))
            )

    def count(self, side: str, buckets: Sequence[int] | None = None) -> int:
        """Return how many rows a side has, in some buckets or in all."""
        table = self._sides[side]
        chosen = select(func.count()).select_from(table)
        if buckets is not None:
            chosen = chosen.where(table.c.bucket.in_(buckets))
        with self._store.read() as connection:
            return int(connection.execute(chosen).scalar_one())

    def differing(self) -> list[int]:
        """Return the buckets whose sums differ."""
        one, other = (self._sums(side) for side in self._sides)
        return sorted(
            bucket for bucket in one.keys() | other if one.get(bucket) != other.get(bucket)
        )

    def suspects(self, buckets: Sequence[int]) -> Iterator[Suspect]:
        """Yield the keys of these buckets that are not the same on both sides."""
        source, center = self._sides["source"], self._sides["center"]
        same = center.c.source_key == source.c.source_key
        unlike = or_(
            center.c.source_key.is_(None),
            center.c.low != source.c.low,
            center.c.high != source.c.high,
        )
        differ = (
            select(source.c.source_key, source.c.key)
            .select_from(source.outerjoin(center, same))
            .where(source.c.bucket.in_(buckets), source.c.low.is_not(None), unlike)
            .order_by(source.c.source_key)
        )
        there = exists().where(source.c.source_key == center.c.source_key)
        gone = (
            select(center.c.source_key)
            .where(center.c.bucket.in_(buckets), ~there)
            .order_by(center.c.source_key)
        )
        with self._store.read() as connection:
            for key, native in connection.execute(differ):
                yield Suspect(key, tuple(msgspec.json.decode(native)))
            for (key,) in connection.execute(gone):
                yield Suspect(key, self._native(key))

    def _native(self, key: str) -> tuple[Any, ...] | None:
        """Return a key of which only the text is known, in the kinds of the source's own keys."""
        source = self._sides["source"]
        with self._store.read() as connection:
            found = select(source.c.key).where(source.c.key.is_not(None)).limit(1)
            example = connection.execute(found).scalar()
        kinds = [type(one) for one in msgspec.json.decode(example)] if example else [str]
        if len(kinds) > 1:
            return tuple(msgspec.json.decode(key))
        try:
            return (int(key),) if kinds == [int] else (key,)
        except ValueError:
            return None

    def _sums(self, side: str) -> dict[int, tuple[int, int, int]]:
        table = self._sides[side]
        sums = (func.count(), func.sum(table.c.low), func.sum(table.c.high))
        chosen = select(table.c.bucket, *sums).where(table.c.low.is_not(None))
        with self._store.read() as connection:
            rows = connection.execute(chosen.group_by(table.c.bucket))
            return {bucket: (count, low, high) for bucket, count, low, high in rows}


@contextmanager
def digests(buckets: int) -> Iterator[Digests]:
    """Give an empty file of digests for the time of the context."""
    with tempfile.TemporaryDirectory(prefix="midspan-reconcile-") as folder:
        store = open_staging(None, Path(folder), "digests")
        try:
            yield Digests(store, buckets)
        finally:
            store.close()


def _table(name: str, metadata: MetaData) -> Table:
    return Table(
        name,
        metadata,
        rowid("seq"),
        column("source_key", "key", nullable=False, index=True),
        column("bucket", "integer", nullable=False, index=True),
        column("low", "integer"),
        column("high", "integer"),
        column("changed", "string"),
        column("key", "string"),
    )
