"""A project folder is read whole: what is healthy, and every problem of what is not."""

import pytest

from config.loader import load_project, project_digest, read_project
from midspan.kernel.errors import ConfigurationError

SYSTEM = """
type: rpc
conn_id: erp
streams:
  customers:
    primary_key: [id]
    cursor: {fields: [changed], zone: Europe/Vienna}
    model: party
"""
BUDGET = "conn_id: erp\nbudget: {{{}}}"
WINDOW = "conn_id: erp\nwindows: [{{from: {}, to: {}, zone: Europe/Vienna}}]"
DAYS = 'conn_id: erp\nwindows: [{{from: "08:00", to: "24:00", zone: UTC, {}}}]'
SYNC = "system: erp\nstream: customers\nentity: customer\nmapping: m.yaml\n"


@pytest.fixture
def home(tmp_path):
    for folder in ("config/systems", "config/syncs", "mappings"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config/systems/erp.yaml").write_text(SYSTEM)
    (tmp_path / "config/syncs/erp.customers.yaml").write_text(SYNC)
    return tmp_path


def problems_of(home):
    return [(one.code, one.file.name, one.line) for one in read_project(home)[1]]


def test_a_healthy_project_is_read(home):
    """Systems by file name, syncs by system and stream."""
    files = load_project(home)

    assert list(files.systems) == ["erp"]
    assert list(files.syncs) == ["erp.customers"]


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line"),
    [
        ("systems/erp.yaml", "Europe/Vienna", "Europe/Wien", "config.zone", 7),
        ("systems/erp.yaml", "zone: Europe/Vienna", "lookback: 5", "config.lookback", 7),
        ("systems/erp.yaml", "    primary_key: [id]\n", "", "config.missing", 6),
        ("systems/erp.yaml", "conn_id: erp", BUDGET.format("rate: 0"), "config.budget", 4),
        ("systems/erp.yaml", "conn_id: erp", BUDGET.format("rate: .nan"), "config.budget", 4),
        ("systems/erp.yaml", "conn_id: erp", BUDGET.format("concurrency: 0"), "config.budget", 4),
        ("systems/erp.yaml", "conn_id: erp", BUDGET.format("reserve: 1"), "config.budget", 4),
        ("systems/erp.yaml", "conn_id: erp", WINDOW.format("18:00", '"08:00"'), "config.window", 4),
        ("systems/erp.yaml", "conn_id: erp", WINDOW.format("7", '"08:00"'), "config.window", 4),
        ("systems/erp.yaml", "conn_id: erp", WINDOW.format('"8"', '"25:00"'), "config.window", 4),
        (
            "systems/erp.yaml",
            "conn_id: erp",
            WINDOW.format('"08:00"', '"08:00"'),
            "config.window",
            4,
        ),
        ("systems/erp.yaml", "conn_id: erp", DAYS.format("days: [mo]"), "config.window", 4),
        ("systems/erp.yaml", "conn_id: erp", DAYS.format("days: []"), "config.window", 4),
        ("systems/erp.yaml", "conn_id: erp", DAYS.format("lanes: []"), "config.window", 4),
        ("systems/erp.yaml", "conn_id: erp", DAYS.format("lanes: [nobody]"), "config.value", 4),
        ("systems/erp.yaml", "conn_id: erp", DAYS.format("frm: x"), "config.unknown_key", 4),
        ("syncs/erp.customers.yaml", "system: erp", "system: epr", "config.unknown_system", 1),
        ("syncs/erp.customers.yaml", "customers", "costumers", "config.unknown_stream", 2),
        ("syncs/erp.customers.yaml", "mapping:", "maping:", "config.unknown_key", 4),
    ],
)
def test_a_mistake_is_reported_at_its_line(home, file, old, new, code, line):
    """Whatever it is, its file and line are named."""
    path = home / "config" / file
    path.write_text(path.read_text().replace(old, new))

    assert (code, path.name, line) in problems_of(home)


def test_two_syncs_of_one_stream_are_refused(home):
    """A stream is synced once."""
    (home / "config/syncs/other.yaml").write_text(SYNC)

    assert ("config.twice", "other.yaml", 1) in problems_of(home)


def test_a_broken_system_leaves_the_others_healthy(home):
    """One mistake takes nothing else down."""
    (home / "config/systems/crm.yaml").write_text("type: [\n")

    files, problems = read_project(home)
    assert list(files.syncs) == ["erp.customers"]
    assert [one.file.name for one in problems] == ["crm.yaml"]


def test_a_broken_system_is_not_told_of_again_by_its_syncs(home):
    """Its own mistake is the one finding: it exists, only not soundly."""
    (home / "config/systems/erp.yaml").write_text("type: [\n")

    assert [(code, file) for code, file, _ in problems_of(home)] == [("config.syntax", "erp.yaml")]


def test_a_folder_that_is_no_project_says_so(tmp_path):
    """Most likely MIDSPAN_HOME is wrong."""
    with pytest.raises(ConfigurationError, match="MIDSPAN_HOME"):
        load_project(tmp_path)


def test_the_digest_changes_with_any_file_that_rules(home):
    """A run is pinned to what ruled it."""
    before = project_digest(home)
    (home / "mappings" / "codes.csv").write_text("a,b\n")

    assert project_digest(home) != before
