"""The JSON Schemas that editors use say what the binding says, and are up to date."""

import json
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from config.settings import Settings
from config.tree import parse_tree
from midspan.cli.scaffold import TYPES, make_project
from midspan.kernel.errors import ConfigurationError
from midspan.sync.project import assemble
from midspan.sync.schemas import FOLDER, project_schemas
from tests.docs.pages import ROOT, blocks

SYSTEM = "type: sql\nconn_id: shop\n"
STREAM = f"{SYSTEM}streams:\n  customers:\n    primary_key: id\n    table: customers\n"
REST = "type: rest\nconn_id: shop\n"
SYNC = "system: shop\nstream: customers\nentity: customer\nmapping: m.yaml\n"

REFUSED = [
    "conn_id: shop\n",
    "type: sqll\nconn_id: shop\n",
    "type: sql\n",
    "type: sql\nconn_id: 5\n",
    f"{SYSTEM}budgett: {{}}\n",
    f"{SYSTEM}base_path: /api\n",
    f"{SYSTEM}budget: {{rate: fast}}\n",
    f"{SYSTEM}budget: {{rate: true}}\n",
    f"{SYSTEM}budget: {{concurrency: 1.5}}\n",
    f"{SYSTEM}budget: {{rates: 1}}\n",
    f"{SYSTEM}budget: 5\n",
    f"{SYSTEM}timeouts: {{total: 60}}\n",
    f"{SYSTEM}timeouts: {{total: 60 seconds}}\n",
    f"{SYSTEM}windows: {{from: '08:00', to: '09:00', zone: UTC}}\n",
    f"{SYSTEM}windows: [{{from: '08:00', to: '09:00'}}]\n",
    f"{SYSTEM}windows: [{{from: '08:00', to: '09:00', zone: UTC, lanes: [fast]}}]\n",
    f"{SYSTEM}rows_per_batch: many\n",
    f"{SYSTEM}native: 1\n",
    f"{SYSTEM}streams: [customers]\n",
    f"{SYSTEM}streams: {{customers: customers}}\n",
    f"{SYSTEM}streams: {{customers: {{table: customers}}}}\n",
    f"{STREAM}    cursor: changed_at\n",
    f"{STREAM}    cursor: {{type: datetime}}\n",
    f"{STREAM}    cursor: {{fields: changed_at, type: time}}\n",
    f"{STREAM}    cursor: {{fields: {{a: b}}}}\n",
    f"{STREAM}    cursor: {{fields: changed_at, lookback: soon}}\n",
    f"{STREAM}    deletes: yes\n",
    f"{STREAM}    path: /customers\n",
    f"{STREAM}    write: {{operations: [insert]}}\n",
    f"{STREAM}    write: {{reference: ref}}\n",
    f"{STREAM}    parts: {{phones: {{table: phones}}}}\n",
    f"{STREAM}    parts: {{phones: {{parent: id, primary_key: id, table: phones}}}}\n",
    f"{REST}format: csv\n",
    f"{REST}paging: {{size: 10}}\n",
    f"{REST}paging: {{style: pages}}\n",
    f"{REST}auth: {{basic: true, bearrer: x}}\n",
    f"{REST}auth: {{headers: [a]}}\n",
    f"{REST}auth: {{expired: [now]}}\n",
]
TAKEN = [
    SYSTEM,
    STREAM,
    f"{SYSTEM}streams: {{}}\n",
    f"{SYSTEM}budget: {{rate: 1, concurrency: 2, reserve: 0.5}}\n",
    f"{SYSTEM}timeouts: {{connect: 500ms, read: 1.5 s, total: 1h}}\n",
    f"{SYSTEM}windows: [{{from: '08:00', to: '09:00', zone: UTC, days: mon, lanes: sync}}]\n",
    f"{SYSTEM}schema:\n",
    f"{STREAM}    cursor:\n",
    f"{STREAM}    cursor: {{fields: changed_at, format: '%Y', lookback: 5m}}\n",
    f"{STREAM}    cursor: {{fields: [seq], type: integer, lookback: 100}}\n",
    f"{STREAM}    where: {{a: 1, b: [x], c: null, d: {{gt: 0}}}}\n",
    f"{STREAM}    write: {{operations: [create, update], reference: ref}}\n",
    f"{STREAM}    write: {{operations: update}}\n",
    f"{REST}paging: {{style: page, first: 0}}\n",
    f"{REST}auth: {{expired: 403, headers: {{X-Key: '{{password}}'}}}}\n",
]


@cache
def validator(name):
    return Draft202012Validator(json.loads(project_schemas()[f"{name}.schema.json"]))


def refusals(text, name):
    tree = parse_tree(text.encode(), Path("f.yaml")).plain()
    return [error.message for error in validator(name).iter_errors(tree)]


def binds(folder, text):
    (folder / "config/systems").mkdir(parents=True)
    (folder / "config/systems/shop.yaml").write_text(text)
    try:
        assemble(Settings.from_environment({"MIDSPAN_HOME": str(folder)})).close()
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("text", REFUSED)
def test_what_binding_refuses_the_schema_refuses(tmp_path, text):
    """An editor underlines what lint would complain about."""
    assert not binds(tmp_path, text)
    assert refusals(text, "system") != []


@pytest.mark.parametrize("text", TAKEN)
def test_what_binding_takes_the_schema_takes(tmp_path, text):
    """An editor never underlines what is right."""
    assert binds(tmp_path, text)
    assert refusals(text, "system") == []


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        (SYNC, True),
        (f"{SYNC}error_limit: {{rows: 5, percent: '2.5'}}\n", True),
        (f"{SYNC}survivorship: {{priority: 1, fields: {{phone: 0}}}}\n", True),
        (SYNC.replace("entity: customer", "entity: custmer"), False),
        (SYNC.replace("mapping: m.yaml\n", ""), False),
        (f"{SYNC}error_limit: {{percent: few}}\n", False),
        (f"{SYNC}survivorship: {{fields: {{phone: first}}}}\n", False),
        (f"{SYNC}tags: [a]\n", False),
    ],
)
def test_a_sync_has_a_schema_of_its_own(text, fine):
    """Its entity is one that exists."""
    assert (refusals(text, "sync") == []) is fine


def test_the_schemas_are_json_schemas():
    """Valid ones, whose every reference leads somewhere."""
    for text in project_schemas().values():
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
        for name in schema["$defs"]:
            assert list(Draft202012Validator(schema).iter_errors({"type": name.split()[0]})) != []


def test_a_key_tells_what_it_means():
    """An editor shows it beside the key, in the words of the adapter's own docstring."""
    definitions = json.loads(project_schemas()["system.schema.json"])["$defs"]

    for name, schema in definitions.items():
        assert schema["description"], name
    assert "retried" not in definitions["sql system"]["properties"]
    assert "decoded here" in definitions["sql system"]["properties"]["encoding"]["description"]
    assert definitions["config.model.CursorConfig"]["properties"]["zone"]["default"] == "UTC"


@pytest.mark.parametrize("name", ["system.schema.json", "sync.schema.json", "mapping.schema.json"])
def test_this_checkouts_own_schemas_are_up_to_date(name):
    """When a key is added or renamed, ``midspan init .`` writes them anew."""
    assert (ROOT / FOLDER / name).read_text() == project_schemas()[name]


def _examples():
    for kind in ("system", "sync"):
        for file in sorted((ROOT / f"config/{kind}s").glob("*.yaml")):
            yield pytest.param(file.read_text(), kind, id=file.name)
        for block in blocks("yaml"):
            if block.text.startswith(f"# config/{kind}s/"):
                yield pytest.param(block.text, kind, id=block.name)


@pytest.mark.parametrize(("text", "kind"), [*_examples()])
def test_every_example_passes_its_schema(text, kind):
    """Those of this checkout and those of the documentation."""
    assert refusals(text, kind) == []


def test_what_is_scaffolded_passes_its_schema(tmp_path):
    """And says so to the editor in its first line."""
    make_project(tmp_path, TYPES)

    for file in sorted((tmp_path / "config/systems").glob("*.yaml")):
        assert refusals(file.read_text(), "system") == [], file.name
        place = file.read_text().partition("\n")[0].partition("$schema=")[2]
        assert (file.parent / place).resolve() == tmp_path / FOLDER / "system.schema.json"
