"""How changes are asked for, in each system's own form."""

import json
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from midspan.kernel.errors import MidspanError
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


LOWER = "2026-07-01T10:00:00"
"""Noon in Vienna, where the records' stamps are written in UTC."""

FORMS = {
    "seconds": ("format: epoch", "1782900000"),
    "milliseconds": ("format: epoch_ms", "1782900000000"),
    "RFC 1123": ('format: "%a, %d %b %Y %H:%M:%S GMT"', "Wed, 01 Jul 2026 10:00:00 GMT"),
    "local": ("zone: Europe/Vienna", "2026-07-01T12:00:00"),
    "local and custom": (
        'zone: Europe/Vienna, format: "%d.%m.%Y %H:%M"',
        "01.07.2026 12:00",
    ),
    "with its offset": (
        'zone: Europe/Vienna, format: "%Y-%m-%dT%H:%M:%S%z"',
        "2026-07-01T12:00:00+0200",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_bound_is_written_in_the_filters_own_form(tmp_path: Path, form: str) -> None:
    """Which need not be that of the stamps in the records."""
    keys, sent = FORMS[form]
    text = stamped(f'{{query: {{since: "{{lower}}"}}, {keys}}}')
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter, LOWER)

    assert parse_qsl(urlsplit(site.asked[0].path).query) == [("since", sent)]


def test_a_member_of_since_takes_the_place_of_its_namesake(tmp_path: Path) -> None:
    """A filter that always holds is written anew with the bound in it, as JSON or as text."""
    text = stamped('{query: {filter: {json: [[open, "=", 1], [changed, ">=", "{lower}"]]}}}')
    text = text.replace("path: /all", "path: /all, query: {filter: {json: [[open, '=', 1]]}}")
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter)
        rows(adapter, LOWER)

    sent = [parse_qsl(urlsplit(asked.path).query) for asked in site.asked[:2]]
    assert sent[0] == [("filter", '[["open","=",1]]')]
    assert sent[1] == [("filter", f'[["open","=",1],["changed",">=","{LOWER}"]]')]


def test_a_day_begins_at_midnight_of_its_zone(tmp_path: Path) -> None:
    """Where the records tell days, and the filter wants a moment."""
    text = stamped('{query: {since: "{lower}"}, format: epoch, zone: Europe/Vienna}')
    text = text.replace("[changed]", "[changed], type: date")
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter, "2026-07-01")

    assert site.asked[0].path == "/api/all?since=1782856800"


def test_a_bound_in_the_doubled_hour_begins_earlier(tmp_path: Path) -> None:
    """A local clock that shows an hour twice makes rows be read twice, never missed."""
    text = stamped('{query: {since: "{lower}"}, zone: Europe/Vienna}')
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter, "2026-10-25T01:30:00")

    assert parse_qsl(urlsplit(site.asked[0].path).query) == [("since", "2026-10-25T01:30:00")]


def test_a_beginning_stays_as_it_is_written(tmp_path: Path) -> None:
    """It is the system's word already."""
    text = stamped('{query: {since: "{lower}"}, format: epoch, beginning: "0"}')
    with reading(Api.of(3), tmp_path, text) as (adapter, site):
        rows(adapter)

    assert site.asked[0].path == "/api/all?since=0"


def test_a_form_of_time_needs_a_cursor_that_tells_time(tmp_path: Path) -> None:
    """A text is no time, and is not guessed to be one."""
    text = stamped('{query: {since: "{lower}"}, format: epoch}')
    text = text.replace("[changed]", "[changed], type: string")
    with pytest.raises(MidspanError) as caught, reading(Api.of(1), tmp_path, text):
        pass

    assert caught.value.code == "rest.since"


@pytest.mark.parametrize("number", [1_782_900_000, 1_782_900_000_000])
def test_a_number_counts_since_1970_where_the_filter_wants_a_date(
    tmp_path: Path, number: int
) -> None:
    """Seconds or milliseconds, which their size tells."""
    text = stamped('{query: {since: "{lower}"}, format: "%Y%m%d %H:%M:%S", zone: Europe/Paris}')
    text = text.replace("[changed]", "[changed], type: integer, lookback: 5")
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter, str(number))

    assert parse_qsl(urlsplit(site.asked[0].path).query) == [("since", "20260701 12:00:00")]


def test_a_window_ends_at_the_systems_own_clock(tmp_path: Path) -> None:
    """For systems that always want both ends, in the form of the bound."""
    text = stamped('{query: {from: "{lower}", to: "{now}"}, format: epoch}')
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter, LOWER)

    query = dict(parse_qsl(urlsplit(site.asked[0].path).query))
    assert query["from"] == "1782900000"
    assert abs(int(query["to"]) - time.time()) < 5


STYLES = {
    "OData": (
        """query: {"$filter": "Modified ge {lower}Z", "$orderby": "Modified asc"}""",
        {"$filter": f"Modified ge {LOWER}Z", "$orderby": "Modified asc"},
        {},
    ),
    "brackets": (
        """query: {"updated_at[gte]": "{lower}", sort: "+updated_at"}""",
        {"updated_at[gte]": LOWER, "sort": "+updated_at"},
        {"sort": "+updated_at"},
    ),
    "RSQL": (
        """query: {q: "updated>={lower};state==open"}""",
        {"q": f"updated>={LOWER};state==open"},
        {},
    ),
    "a range": (
        """query: {updated: "{lower}..", archived: ["0", "1"]}""",
        {"updated": f"{LOWER}..", "archived": "1"},
        {"archived": "1"},
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_filters_are_written_as_each_system_has_them(tmp_path: Path, style: str) -> None:
    """One template; a member that needs the bound is left out of a full reading."""
    query, since, full = STYLES[style]
    if style == "OData":
        full = {"$orderby": "Modified asc"}
    text = plain().replace("rows: data}", f"rows: data, {query}}}")
    text = text.replace("primary_key: id,", "primary_key: id, cursor: {fields: [changed]},")
    with reading(lambda _asked: reply({"data": []}), tmp_path, text) as (adapter, site):
        rows(adapter)
        rows(adapter, LOWER)

    queries = [dict(parse_qsl(urlsplit(asked.path).query)) for asked in site.asked[:2]]
    assert queries == [full, since]


def stamped(since: str) -> str:
    """Return a system whose stream has a cursor and asks for changes like this."""
    return plain(cursor="{fields: [changed]}", since=since)
