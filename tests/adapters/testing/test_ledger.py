"""A sound adapter keeps every promise; one that is broken in one place fails that promise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.testing import AdapterConformance
from tests.adapters.testing.ledger_site import LedgerSite, ledger


class TestLedger(AdapterConformance):
    """A system with an HTTP interface, sessions and writes."""

    system = LedgerSite

    @pytest.fixture
    def counterpart(self, tmp_path: Path) -> Iterator[LedgerSite]:
        """Give an empty ledger."""
        with ledger(tmp_path) as site:
            yield site
