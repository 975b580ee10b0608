"""Adapters of other packages are found by their entry point, and what they lack is told."""

import json
import logging
import sys

import pytest

from adapters.base import adapter_class, adapter_types
from midspan.kernel.errors import MidspanError
from midspan.sync.schemas import project_schemas

MODULE = '''
from dataclasses import dataclass

@dataclass(frozen=True)
class TapeSpec:
    """A tape drive. ``density`` is in bits an inch."""

    density: int = 1600

@dataclass(frozen=True)
class TapeStreamSpec:
    """A tape."""

    label: str

class TapeAdapter:
    spec = TapeSpec
    stream_spec = TapeStreamSpec
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package with two adapters, one of which needs what is not there."""
    (tmp_path / "tape_drive.py").write_text(MODULE)
    (tmp_path / "punched_cards.py").write_text("import a_package_that_is_not_there\n")
    info = tmp_path / "tape_drive-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tape-drive\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[midspan.adapters]\ntape = tape_drive:TapeAdapter\ncards = punched_cards:Cards\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("tape_drive", None)


def test_an_adapter_of_another_package_has_its_keys_in_the_schema(package):
    """As if it were one of ours; one that cannot be loaded is left out and told of."""
    definitions = json.loads(project_schemas()["system.schema.json"])["$defs"]

    assert {"tape", "cards", "sql"} <= set(adapter_types())
    assert definitions["tape system"]["properties"]["density"]["type"] == "integer"
    assert "bits an inch" in definitions["tape system"]["properties"]["density"]["description"]
    assert "label" in definitions["tape stream"]["required"]
    assert "cards system" not in definitions


def test_an_adapter_that_cannot_be_loaded_says_what_it_lacks(package, caplog):
    """One broken package keeps nobody from working with the others."""
    with pytest.raises(MidspanError) as told:
        adapter_class("cards")
    with caplog.at_level(logging.WARNING):
        project_schemas()

    assert told.value.code == "adapter.not_loaded"
    assert "a_package_that_is_not_there" in told.value.message
    assert "leaves out cards" in caplog.text
