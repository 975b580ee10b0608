"""The collector of cycles is held back while rows go by, and no longer."""

import gc
from contextlib import ExitStack

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


def test_the_first_to_enter_may_leave_first():
    """Two runs that overlap leave the process as it was before both."""
    before = gc.get_threshold()
    first, second = ExitStack(), ExitStack()

    first.enter_context(rare_collections())
    second.enter_context(rare_collections())
    first.close()
    between = gc.get_threshold()
    second.close()

    assert between[0] > before[0]
    assert gc.get_threshold() == before
