"""How the collector of cycles behaves while rows go by.

Rows are tuples of plain values: they hold no cycles and die with their batch. By default Python
looks through them again and again all the same.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_RARELY = (100_000, 50, 100)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect cycles seldom, as long as this lasts; for the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
