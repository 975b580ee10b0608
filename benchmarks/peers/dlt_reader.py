"""Reads a table with dlt's ``sql_table``, whose pages are consumed and loaded nowhere.

``python -m benchmarks.peers.dlt_reader BACKEND URL TABLE COLUMN…``, in the environment that
``benchmarks/peers/dlt.txt`` pins. Backends: sqlalchemy (rows as dictionaries), pyarrow and
connectorx (tables of columns).
"""

import sys
from importlib import import_module
from typing import Any

from benchmarks.checks import Check
from benchmarks.frame import Sample, Stopwatch, tell

_CHECKED = ("id", "name", "amount", "changed")
_BLOCK = 5_000


def read(backend: str, url: str, table: str, columns: list[str]) -> Sample:
    """Read the columns of every row."""
    # By name: it is installed in its own environment alone.
    sql_table = import_module("dlt.sources.sql_database").sql_table
    watch, check, count = Stopwatch(), Check(), 0
    block: list[dict[str, Any]] = []
    pages = sql_table(url, table, backend=backend, included_columns=columns)
    for page in pages:
        if isinstance(page, dict):
            count += 1
            block.append(page)
            if len(block) == _BLOCK:
                _check_rows(watch, check, block)
            continue
        count += page.num_rows
        with watch.aside():
            check.add(*(page.column(name).to_pylist() for name in _CHECKED))
    _check_rows(watch, check, block)
    return watch.sample(count, check.digest)


def _check_rows(watch: Stopwatch, check: Check, block: list[dict[str, Any]]) -> None:
    with watch.aside():
        check.add(*([row[name] for row in block] for name in _CHECKED))
        block.clear()


if __name__ == "__main__":
    tell(read(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
