"""Reads a table with SQLAlchemy Core: a server-side cursor, blocks of 5,000 rows.

``python -m benchmarks.peers.core_reader URL TABLE COLUMN…``
"""

import sys
from typing import Any

import sqlalchemy as sa

from benchmarks.building import CHECKED
from benchmarks.checks import Check
from benchmarks.frame import Sample, Stopwatch, tell

_BLOCK = 5_000


def read(url: str, table: str, columns: list[str]) -> Sample:
    """Read the columns of every row."""
    watch, check, count = Stopwatch(), Check(), 0
    statement: Any = sa.select(*(sa.column(name) for name in columns)).select_from(sa.table(table))
    places = [columns.index(name) for name in CHECKED]
    with sa.create_engine(url).connect() as connection:
        result = connection.execution_options(yield_per=_BLOCK).execute(statement)
        for rows in result.partitions():
            count += len(rows)
            with watch.aside():
                check.add(*([row[place] for row in rows] for place in places))
    return watch.sample(count, check.digest)


if __name__ == "__main__":
    tell(read(sys.argv[1], sys.argv[2], sys.argv[3:]))
