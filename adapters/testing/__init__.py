"""Proves an adapter: the conformance suite, and a proxy that spoils answers.

Needs pytest (the extra ``testing``); nothing of the platform imports this package. See
``docs/contributors/adapters.md``.
"""

import pytest

for _name in ("promises", "suite", "failing"):
    pytest.register_assert_rewrite(f"adapters.testing.{_name}")

from adapters.testing.building import adapter_from_yaml  # noqa: E402 asserts are rewritten first
from adapters.testing.conformance import AdapterConformance  # noqa: E402
from adapters.testing.counterpart import (  # noqa: E402
    READS,
    WRITES,
    Counterpart,
    Sample,
    through,
)
from adapters.testing.proxy import FaultProxy  # noqa: E402

__all__ = [
    "READS",
    "WRITES",
    "AdapterConformance",
    "Counterpart",
    "FaultProxy",
    "Sample",
    "adapter_from_yaml",
    "through",
]
