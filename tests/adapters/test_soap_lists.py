"""How lists are cut by SOAP services, and how they are read to their end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from midspan.kernel.errors import MidspanError, ProtocolError
from midspan.kernel.stream import Slice
from tests.adapters.soap_site import Answer, Site, running_site
from tests.adapters.soap_wild import (
    asked,
    contract,
    element,
    given,
    open_wild,
    record,
    reply,
    rows,
    rows_of,
)

WSDL = contract(
    record("item", "id xs:int", "changed xs:string?", "name xs:string?")
    + element("List", "page xs:int?", "size xs:int?", "from xs:string?", "to xs:string?")
    + element("ListResponse", "done xs:boolean?", "token xs:string?", "item t:item*")
    + element("More", "token xs:string")
    + element("MoreResponse", "done xs:boolean?", "token xs:string?", "item t:item*")
    + element("Get", "id xs:int*")
    + element("GetResponse", "item t:item*"),
    "List",
    "More",
    "Get",
)


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        site.wsdl = Answer(WSDL)
        yield site


def items(numbers: Iterator[int] | range | list[int]) -> str:
    return "".join(f"<item><id>{at}</id></item>" for at in numbers)


REPEATING = """
address: /
streams:
  items:
    primary_key: id
    operation: List
    arguments: {page: "{page}"}
    rows: item
    paging: {size: 10, until: repeated_page}
"""


@pytest.mark.parametrize("total", [0, 7, 10, 25, 30])
@pytest.mark.parametrize("beyond", ["last", "first"])
def test_a_list_that_shows_a_page_again_ends_there(
    site: Site, tmp_path: Path, total: int, beyond: str
) -> None:
    """Some systems answer every page beyond the end with the last one, or the first."""
    pages = max(-(-total // 10), 1)

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        page = int(given(body, "page") or 1)
        if page > pages:
            page = pages if beyond == "last" else 1
        return reply("List", items(range(page * 10 - 10, min(page * 10, total))))

    site.respond = respond
    with closing(open_wild(site, tmp_path, REPEATING)) as adapter:
        read = rows_of(adapter, "items")

    assert {row["id"] for row in read} == set(range(total))


CHAIN = """
address: /
streams:
  items:
    primary_key: id
    operation: List
    arguments: {size: "{page_size}"}
    rows: item
    paging:
      size: 4
      done: done
      next: token
      follow: {operation: More, arguments: {token: "{cursor}"}}
"""


def chain(total: int) -> Callable[[bytes, Mapping[str, str]], Answer]:
    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        start = int(given(body, "token") or 0)
        end = min(start + 4, total)
        done = "true" if end == total else "false"
        told = f"<done>{done}</done><token>{end}</token>{items(range(start, end))}"
        return reply(asked(body), told)

    return respond


def test_a_chain_of_tokens_is_followed_by_its_own_operation(site: Site, tmp_path: Path) -> None:
    """From every position on, to where the system says that it is done."""
    site.respond = chain(11)
    with closing(open_wild(site, tmp_path, CHAIN)) as adapter:
        batches = list(adapter.read("items", Slice()))
        seen = [row["id"] for batch in batches for row in rows(batch)]
        rest = rows_of(adapter, "items", Slice(), batches[0].position)
        nothing = rows_of(adapter, "items", Slice(), batches[-1].position)

    assert seen == list(range(11))
    assert [row["id"] for row in rest] == list(range(4, 11))
    assert nothing == []


def test_a_chain_that_turns_in_circles_is_an_error(site: Site, tmp_path: Path) -> None:
    """Rather than a job without an end."""
    site.respond = lambda body, _: reply(
        asked(body), f"<done>false</done><token>4</token>{items([1])}"
    )

    with (
        closing(open_wild(site, tmp_path, CHAIN)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        rows_of(adapter, "items")

    assert caught.value.code == "adapter.silent_loss"


WINDOWS = """
address: /
streams:
  items:
    primary_key: id
    cursor: {fields: changed, format: "%Y-%m-%d %H:%M:%S", zone: Europe/Vienna}
    operation: List
    arguments: {from: "{from}", to: "{to}"}
    rows: item
    windows: {step: 7d, beginning: "2026-01-01 00:00:00", ahead: 2h, limit: 20}
"""
STAMP = "%Y-%m-%d %H:%M:%S"


def stamped(count: int, apart: timedelta) -> dict[int, datetime]:
    return {at: datetime.fromisoformat("2026-01-01") + at * apart for at in range(count)}


def windowed(stamps: Mapping[int, datetime]) -> Callable[[bytes, Mapping[str, str]], Answer]:
    """Answer with the first 20 records between two moments, neither of them included."""

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        begin, end = given(body, "from") or "", given(body, "to") or ""
        texts = {at: stamp.strftime(STAMP) for at, stamp in stamps.items()}
        shown = [(at, text) for at, text in texts.items() if begin < text < end][:20]
        inner = "".join(
            f"<item><id>{at}</id><changed>{text}</changed></item>" for at, text in shown
        )
        return reply("List", inner)

    return respond


def test_a_list_without_pages_is_read_in_steps_of_the_cursor(site: Site, tmp_path: Path) -> None:
    """Steps that the system cuts off are halved; nothing falls between two of them."""
    stamps = stamped(200, timedelta(hours=5))
    site.respond = windowed(stamps)
    with closing(open_wild(site, tmp_path, WINDOWS)) as adapter:
        read = rows_of(adapter, "items", Slice(lower="2025-12-31 00:00:00"))
        batches = islice(adapter.read("items", Slice(lower="2025-12-31 00:00:00")), 3)
        first = [(batch.position, rows(batch)) for batch in batches]
        rest = rows_of(adapter, "items", Slice(lower="2025-12-31 00:00:00"), first[-1][0])

    assert {row["id"] for row in read} == set(stamps)
    assert {row["id"] for _, some in first for row in some} | {row["id"] for row in rest} == set(
        stamps
    )


def test_more_records_of_one_stamp_than_are_shown_never_pass(site: Site, tmp_path: Path) -> None:
    """Where no step is short enough, that is said."""
    site.respond = windowed(stamped(30, timedelta(0)))

    with (
        closing(open_wild(site, tmp_path, WINDOWS)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        rows_of(adapter, "items", Slice(lower="2025-12-31 00:00:00"))

    assert caught.value.code == "adapter.silent_loss"


def test_steps_of_time_need_a_cursor_of_time(site: Site, tmp_path: Path) -> None:
    """A stream without one says so before anything is read."""
    yaml = WINDOWS.replace("    cursor:", "    freshness: 1h\n    #")

    with (
        closing(open_wild(site, tmp_path, yaml)) as adapter,
        pytest.raises(MidspanError) as caught,
    ):
        rows_of(adapter, "items")

    assert caught.value.code == "soap.windows"


EACH = """
address: /
streams:
  items:
    primary_key: id
    operation: List
    arguments: {size: 100}
    rows: item
    detail: {operation: Get, arguments: {id: "{keys}"}, rows: item, each: true, many: 4}
"""


def test_listed_keys_are_read_one_by_one_or_some_at_a_time(site: Site, tmp_path: Path) -> None:
    """A list of keys becomes records; one that is gone in between is left out."""

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        if asked(body) == "List":
            return reply("List", items(range(10)))
        wanted = [int(one.partition(b"<")[0]) for one in body.split(b"<id>")[1:]]
        inner = "".join(f"<item><id>{at}</id><name>N{at}</name></item>" for at in wanted if at != 5)
        return reply("Get", inner)

    site.respond = respond
    with closing(open_wild(site, tmp_path, EACH, ("name",))) as adapter:
        read = rows_of(adapter, "items")

    assert {row["id"]: row["name"] for row in read} == {at: f"N{at}" for at in range(10) if at != 5}
    assert len(site.requests) == 4
