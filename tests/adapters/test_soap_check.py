"""A deep check proves each ability of a stream, and names the one that is not there."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.soap_site import Answer, Site, running_site
from tests.adapters.soap_wild import asked, contract, element, given, open_wild, record, reply

WSDL = contract(
    record("item", "id xs:int", "changed xs:dateTime", "ours xs:string?")
    + element("List", "since xs:dateTime?")
    + element("ListResponse", "item t:item*")
    + element("Get", "id xs:int")
    + element("GetResponse", "item t:item*")
    + element("Find", "ours xs:string")
    + element("FindResponse", "item t:item*"),
    *("List", "Get", "Find"),
)
YAML = """
address: /
streams:
  items:
    primary_key: id
    cursor: {fields: changed}
    write: {operations: [update], reference: ours}
    operation: List
    arguments: {since: "{lower}"}
    rows: item
    detail: {operation: Get, arguments: {id: "{id}"}, rows: item}
    find: {operation: Find, arguments: {ours: "{reference}"}, rows: item}
    update: {operation: Lst}
"""
ITEMS = {1: "2026-01-01T00:00:00", 2: "2026-01-02T00:00:00"}


def shown(*numbers: int) -> str:
    return "".join(f"<item><id>{at}</id><changed>{ITEMS[at]}</changed></item>" for at in numbers)


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        site.wsdl = Answer(WSDL)
        yield site


def lie(site: Site, **lies: str) -> None:
    """Let the site answer rightly, but for operations that have an answer in ``lies``."""

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        name, since = asked(body), given(body, "since") or ""
        number = int(given(body, "id") or 0)
        truths = {
            "List": shown(*(at for at, stamp in ITEMS.items() if stamp >= since)),
            "Get": shown(*({number} & ITEMS.keys())),
            "Find": "",
        }
        told = lies[name] if name in lies and (name != "List" or since) else truths[name]
        return reply(name, told)

    site.respond = respond


LIES = {
    "a filter that shows nothing": ({"List": ""}, "soap.filter_misread"),
    "a detail of another record": ({"Get": shown(2)}, "soap.filter_misread"),
    "a search that finds anything": ({"Find": shown(1)}, "soap.reference_hidden"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_found_before_it_costs_a_record(site: Site, tmp_path: Path, name: str) -> None:
    """Plainly the stream can be read; deeply, what it cannot do is named."""
    lies, code = LIES[name]
    lie(site, **lies)
    with closing(open_wild(site, tmp_path, YAML.replace("Lst", "Get"))) as adapter:
        (plain,) = adapter.check().streams
        (deep,) = adapter.check(deep=True).streams

    assert plain.readable
    assert not deep.ok
    assert code in deep.problem


def test_an_ignored_filter_is_a_remark(site: Site, tmp_path: Path) -> None:
    """It costs time and loses nothing."""
    lie(site, List=shown(1, 2))
    with closing(open_wild(site, tmp_path, YAML.replace("Lst", "Get"))) as adapter:
        (deep,) = adapter.check(deep=True).streams

    assert deep.ok
    assert "filter is ignored" in deep.remarks[0]


def test_a_date_that_stands_for_no_stamp_is_not_tried(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of January of the year 1 is what such systems write for none."""
    monkeypatch.setattr("tests.adapters.test_soap_check.ITEMS", {1: "0001-01-01T00:00:00"})
    lie(site)
    with closing(open_wild(site, tmp_path, YAML.replace("Lst", "Get"))) as adapter:
        (deep,) = adapter.check(deep=True).streams

    assert deep.ok
    assert "no row of 'items' shows a change stamp" in deep.remarks[0]


def test_an_operation_that_writes_must_be_there(site: Site, tmp_path: Path) -> None:
    """Readable, not writable, with the nearest name."""
    lie(site)
    with closing(open_wild(site, tmp_path, YAML)) as adapter:
        (check,) = adapter.check().streams

    assert (check.readable, check.writable, check.ok) == (True, False, False)
    assert "'List'" in check.problem
