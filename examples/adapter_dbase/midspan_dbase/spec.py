"""The keys that a dbase system and its streams add to their YAML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DbaseSpec:
    """A folder of tables; the connection names it: ``file:///srv/erp``, or its extra ``path``.

    ``encoding`` is what texts are written in; without it each table's own code page counts.
    ``rows_per_batch`` records are read with one call through the gate.
    """

    encoding: str | None = None
    rows_per_batch: int = 2_000


@dataclass(frozen=True, slots=True)
class DbaseStreamSpec:
    """A stream is one table; ``table`` is its file's name (``KUNDEN.DBF``)."""

    table: str
