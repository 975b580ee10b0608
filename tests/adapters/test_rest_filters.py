"""How changes are asked for, in each system's own form."""

import json
from pathlib import Path

from tests.adapters.rest_site import (
    Api,
    ids,
    plain,
    reading,
    reply,
    rows,
    stamp,
    system,
)


def test_the_filter_may_change_path_query_and_body(tmp_path: Path) -> None:
    """What asks for changes is added to what asks for all; what holds nothing is left out."""
    text = plain(
        body='{filter: [{active: true}], top: {since: "{lower}"}}',
        since='{path: "/changed/{lower}", query: {mode: delta}, '
        'body: {filter: [{from: "{lower}Z"}]}}',
    )
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter)
        rows(adapter, "2026-01-01T00:00:00/x")

    full, since, *_ = site.asked
    assert (full.method, full.path) == ("POST", "/api/all")
    assert json.loads(full.body) == {"filter": [{"active": True}]}
    assert since.path == "/api/changed/2026-01-01T00%3A00%3A00%2Fx?mode=delta"
    assert json.loads(since.body) == {
        "filter": [{"active": True}, {"from": "2026-01-01T00:00:00/xZ"}],
        "top": {"since": "2026-01-01T00:00:00/x"},
    }


def test_a_system_that_always_wants_a_bound_gets_one(tmp_path: Path) -> None:
    """A full reading begins at the configured beginning."""
    text = plain(since='{query: {since: "{lower}"}, beginning: "1970-01-01"}')
    with reading(Api.of(3), tmp_path, text) as (adapter, site):
        ids(adapter)

    assert site.asked[0].path == "/api/all?since=1970-01-01"


def test_a_stamp_keeps_its_form(tmp_path: Path) -> None:
    """The bound is what the system itself wrote."""
    with reading(Api.of(20), tmp_path, system("page")) as (adapter, site):
        ids(adapter, stamp(7))

    assert "since=2026-01-01T00%3A00%3A07" in site.asked[0].path
