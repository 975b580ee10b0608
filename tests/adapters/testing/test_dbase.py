"""The worked example of a third party's adapter keeps every promise of the suite."""

from pathlib import Path

import pytest

from adapters.testing import AdapterConformance
from tests.adapters.testing.dbase_folder import DbaseFolder


class TestDbase(AdapterConformance):
    """Tables of a FoxPro application, in a folder."""

    system = DbaseFolder

    @pytest.fixture
    def counterpart(self, tmp_path: Path) -> DbaseFolder:
        """Give an empty table."""
        return DbaseFolder(tmp_path)
