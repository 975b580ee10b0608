"""The collector of cycles is held back while rows go by, and no longer."""

import gc

import pytest

from midspan.kernel.memory import rare_collections


def _fail_inside(seen):
    with rare_collections():
        seen.append(gc.get_threshold()[0])
        raise ValueError


def test_collections_are_rare_only_inside():
    """Afterwards the process is as it was, after an error too."""
    before = gc.get_threshold()
    seen: list[int] = []

    with pytest.raises(ValueError):  # noqa: PT011 raised right above
        _fail_inside(seen)

    assert seen[0] > before[0]
    assert gc.get_threshold() == before
