"""The file adapter passes the conformance suite, on the disk and behind SFTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.testing.conformance import AdapterConformance
from tests.adapters.file_counterpart import LocalList, SftpList


class OnLists(AdapterConformance):
    """Each promise has a folder of its own."""

    lists: ClassVar[type[LocalList]]

    @pytest.fixture
    def counterpart(self, tmp_path: Path) -> Iterator[LocalList]:
        made = self.lists(tmp_path)
        yield made
        made.close()


class TestLocal(OnLists):
    system: ClassVar = LocalList
    lists = LocalList


class TestSftp(OnLists):
    system: ClassVar = SftpList
    lists = SftpList
