"""The recipes of docs/it/rest-recipes.md connect what they say, by YAML alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.rest import RestAdapter
from midspan.kernel.errors import AccessDenied, MidspanError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import WriteOperation
from tests.adapters.building import ROOT, build, project, records
from tests.adapters.crm_sites import (
    BEGINNING,
    Crm,
    Dolibarr,
    Espo,
    Frappe,
    Sugar,
    Suite,
    Vtiger,
    Woo,
    text,
)
from tests.adapters.http_site import PASSWORD, Site, serve

PAGE = (ROOT / "docs" / "it" / "rest-recipes.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
SITES: dict[str, type[Crm]] = {
    "vtiger": Vtiger,
    "sugarcrm": Sugar,
    "suitecrm": Suite,
    "erpnext": Frappe,
    "dolibarr": Dolibarr,
    "espocrm": Espo,
    "woocommerce": Woo,
}
FORMS = {"erpnext": "%Y-%m-%d %H:%M:%S.000000", "woocommerce": Woo.FORM}
FORMS["suitecrm"] = "%Y-%m-%dT%H:%M:%S+00:00"
WRITES = ["vtiger", "erpnext", "dolibarr"]
DETAILS = [name for name in RECIPES if "detail:" in RECIPES[name]]


@contextmanager
def opened(name: str, folder: Path, site: Crm) -> Iterator[tuple[RestAdapter, str, Site]]:
    """Open the adapter that a recipe makes on a system; also its stream's name."""
    with serve(site) as served:
        connection = served.connection()
        extra = {"client_id": "app", "client_secret": "app-secret"}
        object.__setattr__(connection, "extra", extra)
        adapter = build(RestAdapter, project(folder, name, RECIPES[name]), name, connection)
        try:
            yield adapter, stream_of(name), served
        finally:
            adapter.close()


def stream_of(name: str) -> str:
    """Return the name of a recipe's stream."""
    stream = re.search(r"^streams:\n  (\w+):", RECIPES[name], re.MULTILINE)
    assert stream is not None
    return stream[1]


def bound(name: str, second: int) -> str:
    """Return a bound as the stream's cursor has it."""
    if name == "dolibarr":
        return str(BEGINNING + second)
    return text(BEGINNING + second, FORMS.get(name, "%Y-%m-%d %H:%M:%S"))


def test_every_recipe_has_its_system() -> None:
    """None stands there that nobody tried."""
    assert RECIPES.keys() == SITES.keys()


@pytest.mark.parametrize("name", SITES)
def test_all_is_read_and_then_what_changed(tmp_path: Path, name: str) -> None:
    """Every record once; from a bound on, those changed since, and fewer calls than for all."""
    with opened(name, tmp_path, SITES[name]()) as (adapter, stream, site):
        found = records(list(adapter.read(stream, Slice())))
        whole = len(site.asked)
        later = records(list(adapter.read(stream, Slice(lower=bound(name, 60 * 225 - 1)))))

        assert len({str(one["id" if "id" in one else "name"]) for one in found}) == 230
        assert len({str(one["id" if "id" in one else "name"]) for one in later}) == 6
        assert len(site.asked) - whole < whole


@pytest.mark.parametrize("name", SITES)
def test_the_deep_check_proves_it(tmp_path: Path, name: str) -> None:
    """Filter, keys, detail and search do what the recipe says."""
    with opened(name, tmp_path, SITES[name]()) as (adapter, _, _site):
        (check,) = adapter.check(deep=True).streams

    assert check.readable, check.problem
    assert (check.problem, check.remarks) == ("", ())


@pytest.mark.parametrize("name", DETAILS)
def test_one_is_read_by_its_key(tmp_path: Path, name: str) -> None:
    """A key that is gone is left out."""
    crm = SITES[name]()
    keys = ((crm.key(7),), (crm.key(999),))
    with opened(name, tmp_path, crm) as (adapter, stream, _):
        found = records(list(adapter.read(stream, Slice(keys=keys))))

    assert [str(one["name" if name == "erpnext" else "id"]) for one in found] == [crm.key(7)]


@pytest.mark.parametrize("name", SITES)
def test_a_session_that_ends_is_begun_anew(tmp_path: Path, name: str) -> None:
    """Also where the session stands inside a form's JSON, and the error inside a success."""
    crm = SITES[name]()
    with opened(name, tmp_path, crm) as (adapter, stream, _):
        batches = adapter.read(stream, Slice())
        first = next(iter(batches))
        crm.sessions += 1 if crm.sessions else 0
        rest = records(list(batches))

    assert len(first.rows) + len(rest) >= 230


@pytest.mark.parametrize("name", SITES)
def test_a_wrong_password_is_a_refused_login(tmp_path: Path, name: str) -> None:
    """Whatever status and words the system has for it, and no secret is told."""
    with serve(SITES[name]()) as site:
        connection = site.connection()
        object.__setattr__(connection, "password", type(connection.password)("wrong-word"))
        home = project(tmp_path, name, RECIPES[name])
        adapter = build(RestAdapter, home, name, connection)
        with pytest.raises(MidspanError) as caught:
            next(iter(adapter.read(stream_of(name), Slice())))
        adapter.close()

    assert isinstance(caught.value, AccessDenied)
    assert caught.value.code == "rest.login"
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("name", WRITES)
def test_a_record_is_created_found_and_changed(tmp_path: Path, name: str) -> None:
    """By our reference; what is not written stays as it is."""
    crm = SITES[name]()
    values = {"name": "Çelik", "phone": "1"} if name != "erpnext" else {"customer_name": "Çelik"}
    with opened(name, tmp_path, crm) as (adapter, stream, _):
        made = adapter.write(stream, WriteOperation("create", values), "REF-1")
        change = WriteOperation("update", {"phone": "+90 1"}, key=made.key)
        adapter.write(stream, change, "REF-2")
        found = adapter.lookup(stream, "REF-1")

    assert found is not None
    assert found["phone"] == "+90 1"
    assert "Çelik" in found.values()
