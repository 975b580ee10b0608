"""Where a WSDL and what it imports come from, how large it may be, and what it tells."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.soap import SoapAdapter
from midspan.kernel.errors import ProtocolError
from midspan.kernel.stream import Slice
from tests.adapters.soap_site import SYSTEM, Answer, Site, item, listing, running_site
from tests.adapters.soap_wild import (
    ARRAY,
    contract,
    element,
    open_wild,
    record,
    reply,
    rows_of,
    rpc_contract,
)
from tests.adapters.soap_wsdls import PACKAGES, real_wsdls

OPERATIONS = 3000


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        site.listing = lambda _call: listing([item(1)])
        yield site


IMPORTED = '<xs:import namespace="urn:x" schemaLocation="http://elsewhere.example/types.xsd"/>'
TYPES = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"/>'


def ids(adapter: SoapAdapter) -> list[object]:
    with closing(adapter):
        return [row["id"] for row in rows_of(adapter, "items")]


def test_an_import_may_come_from_a_file(site: Site, tmp_path: Path) -> None:
    """What cannot be reached is named with the line to write; written, it works."""
    site.imports = IMPORTED
    systems = tmp_path / "config" / "systems"
    systems.mkdir(parents=True)
    (systems / "types.xsd").write_bytes(TYPES)

    with pytest.raises(ProtocolError) as caught:
        ids(open_wild(site, tmp_path, SYSTEM))
    supplied = SYSTEM + "imports: {'http://elsewhere.example/types.xsd': types.xsd}\n"

    assert caught.value.code == "soap.import_refused"
    assert "imports: {'http://elsewhere.example/types.xsd': FILE}" in caught.value.remedy
    assert ids(open_wild(site, tmp_path, supplied)) == [1]


def test_the_wsdl_may_be_a_file(site: Site, tmp_path: Path) -> None:
    """Beside the system's YAML, with relative imports; nothing outside its folder is read."""
    systems = tmp_path / "config" / "systems"
    systems.mkdir(parents=True)
    site.imports = '<xs:import namespace="urn:x" schemaLocation="types.xsd"/>'
    wsdl = site.contract().body
    (systems / "types.xsd").write_bytes(TYPES)
    (systems / "legacy.wsdl").write_bytes(wsdl)
    yaml = SYSTEM.replace("wsdl: /?wsdl", "wsdl: file:legacy.wsdl")

    assert ids(open_wild(site, tmp_path, yaml)) == [1]

    (systems / "legacy.wsdl").write_bytes(wsdl.replace(b"types.xsd", b"../../../../etc/passwd"))
    with pytest.raises(ProtocolError) as caught:
        ids(open_wild(site, tmp_path, yaml))
    assert caught.value.code == "soap.import_refused"


WELL_KNOWN = (
    ("http://schemas.xmlsoap.org/soap/encoding/", "http://schemas.xmlsoap.org/soap/encoding/"),
    ("http://schemas.xmlsoap.org/wsdl/", "http://schemas.xmlsoap.org/wsdl/"),
    ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/xml.xsd"),
    ("http://xml.apache.org/xml-soap", "http://xml.apache.org/xml-soap"),
    ("http://www.w3.org/2005/05/xmlmime", "http://www.w3.org/2005/05/xmlmime"),
    (
        "http://www.w3.org/2005/08/addressing",
        "http://www.w3.org/2006/03/addressing/ws-addr.xsd",
    ),
    (
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    ),
)


def test_well_known_schemas_need_no_network(site: Site, tmp_path: Path) -> None:
    """Imports from places that nobody reaches resolve; no host is allowed for them."""
    site.imports = "".join(
        f'<xs:import namespace="{space}" schemaLocation="{location}"/>'
        for space, location in WELL_KNOWN
    )

    assert ids(open_wild(site, tmp_path, SYSTEM)) == [1]


def large(operations: int) -> bytes:
    """Return a WSDL of many operations, each with a list of records of its own."""
    fields = [f"f{at} xs:string?" for at in range(8)]
    names = [f"Op{at}" for at in range(operations)]
    types = "".join(
        record(f"R{name}", "id xs:int", *fields)
        + element(name, "since xs:dateTime?", "page xs:int?")
        + element(f"{name}Response", f"row t:R{name}*")
        for name in names
    )
    return contract(types, *names)


LARGE = """
address: /
streams:
  items: {primary_key: id, operation: Op7, arguments: {page: "{page}"}, rows: row, paging: {}}
"""


def test_a_wsdl_of_three_thousand_operations(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Warm, both reading and discovering begin within a second of this process's own time."""
    site.wsdl = Answer(large(OPERATIONS))
    site.respond = lambda *_: reply("Op7", "<row><id>1</id></row>")
    took: dict[str, float] = {}

    for name in ("cold", "warm"):
        with closing(open_wild(site, tmp_path, LARGE)) as adapter:
            begun = time.process_time()
            assert next(adapter.read("items", Slice())).rows
            took[f"{name} read"] = time.process_time() - begun
        with closing(open_wild(site, tmp_path, LARGE)) as adapter:
            begun = time.process_time()
            assert len(adapter.discover().streams) == OPERATIONS
            took[f"{name} discover"] = time.process_time() - begun

    with capsys.disabled():
        print(" ".join(f"{name} {seconds:.2f}s" for name, seconds in took.items()), end=" ")
    assert took["warm read"] < 1
    assert took["warm discover"] < 1


def test_a_misspelt_operation_of_a_large_wsdl_is_answered(site: Site, tmp_path: Path) -> None:
    """The nearest of all operations is named, though only some are kept."""
    site.wsdl = Answer(large(800))

    with (
        closing(open_wild(site, tmp_path, LARGE.replace("Op7", "Opp7"))) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        list(adapter.read("items", Slice()))

    assert caught.value.code == "soap.operation"
    assert "'Op" in caught.value.remedy


def test_what_is_cut_off_does_not_change_what_is_read(site: Site, tmp_path: Path) -> None:
    """Derived types that only a reply names stay, also in a large WSDL."""
    base = record("Base", "id xs:int")
    derived = (
        '<xs:complexType name="Derived"><xs:complexContent><xs:extension base="t:Base">'
        '<xs:sequence><xs:element name="more" type="t:More"/></xs:sequence>'
        "</xs:extension></xs:complexContent></xs:complexType>"
    )
    padding = "".join(record(f"Unused{at}", "a xs:string", "b xs:string") for at in range(2000))
    types = base + derived + record("More", "deep xs:int") + padding
    types += element("List") + element("ListResponse", "row t:Base*")
    site.wsdl = Answer(contract(types, "List"))
    site.respond = lambda *_: reply(
        "List", '<row xsi:type="t:Derived"><id>1</id><more><deep>2</deep></more></row>'
    )
    yaml = "address: /\nstreams:\n  items: {primary_key: id, operation: List, rows: row}\n"
    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        listed = adapter._of("items").reader.listing
        found = listed.records({}, "reply")

        assert listed.read(found[0]) == {"id": 1, "more": {"deep": 2}}


@pytest.mark.parametrize("package", PACKAGES)
def test_real_wsdls_discover_offline(site: Site, tmp_path: Path, package: str) -> None:
    """Every WSDL that real packages ship: its lists are found without a network."""
    folder = {"simple-salesforce": "simple_salesforce", "onvif-zeep-async": "onvif"}.get(
        package, package
    )
    wsdls = [file for file in real_wsdls() if folder in file.parts]
    lists = abstract = 0

    for wsdl in wsdls:
        with closing(
            open_wild(site, tmp_path, f"type: soap\nconn_id: x\nwsdl: file:{wsdl}\naddress: /\n")
        ) as adapter:
            catalog = adapter.discover()
        lists += len(catalog.streams)
        abstract += any("no SOAP port" in remark for remark in catalog.remarks)
        assert all(one.config["rows"] and one.config["operation"] for one in catalog.streams)

    assert wsdls
    assert lists > len(wsdls) / 4
    assert abstract == (2 if package == "onvif-zeep-async" else 0)
    assert site.requests == []


def test_discover_describes_streams_and_what_else_there_is(site: Site, tmp_path: Path) -> None:
    """Configured streams by the WSDL and a sample, other lists with how to ask for them."""
    with closing(open_wild(site, tmp_path, SYSTEM)) as adapter:
        catalog = adapter.discover()

    (stream,) = catalog.streams
    types = {one.name: (one.type, one.nullable) for one in stream.fields}
    assert (stream.name, stream.configured) == ("items", ("items",))
    assert types["id"] == ("integer", False)
    assert types["price"] == ("decimal", True)
    assert types["place"] == ("record", True)
    assert types["tag"] == ("list", True)
    assert types["kind"] == ("string", True)


def test_discover_proposes_how_to_ask(site: Site, tmp_path: Path) -> None:
    """Encoded arrays are lists too; arguments are guessed by their names."""
    types = record("item", "id xs:int") + ARRAY.format("items", "t:item")
    site.wsdl = Answer(
        rpc_contract(
            types,
            {
                "getItems": (
                    {"sessionId": "xs:string", "modifiedSince": "xs:string"},
                    {"r": "t:items"},
                )
            },
        )
    )
    with closing(open_wild(site, tmp_path, "address: /\nstreams: {}\n")) as adapter:
        (stream,) = adapter.discover().streams

    assert stream.config == {
        "operation": "getItems",
        "rows": "r.item",
        "arguments": {"sessionId": "{session}", "modifiedSince": "{lower}"},
    }
    assert [one.name for one in stream.fields] == ["id"]
