"""What is wrong is said before the demo starts or empties anything."""

import shutil
from pathlib import Path

import pytest

from deploy.local.host import SetupError
from examples.demo.places import ROOT, Places
from examples.demo.preflight import only_one, require_sound_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the demo company's own configuration and mappings."""
    for name in ("config", "mappings"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_sound_project_passes(project: Path) -> None:
    """The demo company's own files are right."""
    assert "0 failing examples" in require_sound_project(project)


def test_a_misspelt_field_is_named_with_its_place(project: Path) -> None:
    """File, line, the wrong word and the word that was meant."""
    mapping = project / "mappings" / "erp_products.yaml"
    text = mapping.read_text()
    line = text[: text.index("  list_price:")].count("\n") + 1
    mapping.write_text(text.replace("  list_price:", "  list_prize:", 1))

    with pytest.raises(SetupError) as caught:
        require_sound_project(project)

    assert caught.value.exit_code == 2
    assert f"erp_products.yaml:{line}:" in caught.value.message
    assert "list_prize" in caught.value.message
    assert "list_price" in caught.value.message


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second one is refused; when the first ends, the folder is free."""
    places = Places(tmp_path / "demo")

    with only_one(places), pytest.raises(SetupError, match="another demo"), only_one(places):
        pass

    with only_one(places):
        pass
