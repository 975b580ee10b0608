"""SOAP services as they are found in the wild, each connected by YAML alone."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from midspan.kernel.errors import DriftError, MidspanError, ProtocolError
from midspan.kernel.stream import Slice
from midspan.kernel.writing import WriteOperation
from tests.adapters.soap_site import Answer, Site, running_site
from tests.adapters.soap_wild import (
    ARRAY,
    asked,
    contract,
    element,
    given,
    open_wild,
    record,
    reply,
    rows_of,
    rpc_contract,
)


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


# A CRM of the PHP kind: rpc/encoded, records as lists of names and values, pages by offset,
# the password as MD5, deleted records shown as a warning.
CRM_TYPES = (
    record("name_value", "name xs:string", "value xs:string")
    + record("user_auth", "user_name xs:string", "password xs:string")
    + record("entry", "id xs:string", "module_name xs:string", "name_value_list t:pairs")
    + record("entries", "result_count xs:int", "next_offset xs:int", "entry_list t:list")
    + record("entry_id", "id xs:string")
    + ARRAY.format("pairs", "t:name_value")
    + ARRAY.format("list", "t:entry")
    + ARRAY.format("texts", "xs:string")
)
CRM = rpc_contract(
    CRM_TYPES,
    {
        "login": (
            {"user_auth": "t:user_auth", "application": "xs:string", "options": "t:pairs"},
            {"return": "t:entry_id"},
        ),
        "get_entry_list": (
            {
                "session": "xs:string",
                "module": "xs:string",
                "query": "xs:string",
                "order_by": "xs:string",
                "offset": "xs:int",
                "select_fields": "t:texts",
                "max_results": "xs:int",
            },
            {"return": "t:entries"},
        ),
        "set_entry": (
            {"session": "xs:string", "module": "xs:string", "name_value_list": "t:pairs"},
            {"return": "t:entry_id"},
        ),
    },
)
DAY = "2026-01-02 00:00:00"
CRM_YAML = """
address: /
positional: true
derive: {digest: {md5: "{password}"}}
login:
  operation: login
  arguments: {user_auth: {user_name: "{login}", password: "{digest}"}, application: midspan}
  session: return.id
streams:
  contacts:
    primary_key: id
    cursor: {fields: date_modified, format: "%Y-%m-%d %H:%M:%S"}
    write: {operations: [update]}
    operation: get_entry_list
    arguments:
      session: "{session}"
      module: Contacts
      query: "contacts.date_modified >= '{lower}'"
      offset: "{offset}"
      select_fields: [id, last_name, date_modified]
      max_results: "{page_size}"
    rows: return.entry_list
    count: return.result_count
    pairs: {at: name_value_list}
    signs: [{field: warning, match: "*deleted*", means: skip}]
    paging: {size: 5}
    update:
      operation: set_entry
      arguments: {session: "{session}", module: Contacts, name_value_list: "{pairs}"}
"""


def crm_entry(number: int, **more: str) -> str:
    values = {"id": f"c{number}", "last_name": f"Name {number}", "date_modified": DAY, **more}
    pairs = "".join(
        f'<item xsi:type="t:name_value"><name xsi:type="xs:string">{name}</name>'
        f'<value xsi:type="xs:string">{value}</value></item>'
        for name, value in values.items()
    )
    return (
        f'<item xsi:type="t:entry"><id xsi:type="xs:string">c{number}</id><module_name/>'
        f'<name_value_list xsi:type="enc:Array" enc:arrayType="t:name_value[{len(values)}]">'
        f"{pairs}</name_value_list></item>"
    )


def crm_site(site: Site, total: int = 13, lose: int = 0) -> None:
    """Let the site be the CRM; ``lose`` is how many entries a page holds less than it says."""

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        if asked(body) == "login":
            return reply("login", "<return><id xsi:type='xs:string'>s-1</id></return>")
        if asked(body) == "set_entry":
            return reply("set_entry", "<return><id>c1</id></return>")
        start, size = int(given(body, "offset") or 0), int(given(body, "max_results") or 0)
        shown = [
            crm_entry(at, warning="has been deleted") if at == 3 else crm_entry(at)
            for at in range(start, min(start + size, total))
        ]
        array = f'<entry_list xsi:type="enc:Array" enc:arrayType="t:entry[{len(shown)}]">'
        told = f"<result_count>{len(shown)}</result_count><next_offset>{start + len(shown)}"
        entries = "".join(shown[: len(shown) - lose])
        return reply(
            "get_entry_list", f"<return>{told}</next_offset>{array}{entries}</entry_list></return>"
        )

    site.wsdl = Answer(CRM)
    site.respond = respond


def test_a_crm_of_names_and_values(site: Site, tmp_path: Path) -> None:
    """Pages by offset, pairs as fields, a warning row left out; every part is sent in order."""
    crm_site(site)
    with closing(open_wild(site, tmp_path, CRM_YAML, ("last_name",))) as adapter:
        read = rows_of(adapter, "contacts", Slice(lower="2026-01-01 00:00:00"))
        whole = rows_of(adapter, "contacts")

    found = {row["id"]: row["last_name"] for row in read}
    assert found == {f"c{at}": f"Name {at}" for at in range(13) if at != 3}
    assert {row["id"] for row in whole} == set(found)
    login, first, *_ = site.requests
    assert b"b9a48d4f9d2a8e0a" not in login
    assert given(login, "password") != "pass-word-7413"
    names = [b"<session", b"<module", b"<query", b"<order_by", b"<offset", b"<select_fields"]
    places = [first.index(name) for name in names]
    assert places == sorted(places)
    assert b'<order_by xsi:nil="true"/>' in first
    assert b'arrayType="xsd:string[3]"' in first
    assert b"contacts.date_modified &gt;= '2026-01-01 00:00:00'" in first
    assert b'<query xsi:nil="true"/>' in site.requests[-1]


def test_a_page_that_holds_less_than_it_says_never_passes(site: Site, tmp_path: Path) -> None:
    """The array announces five entries and holds four."""
    crm_site(site, lose=1)

    with (
        closing(open_wild(site, tmp_path, CRM_YAML)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        rows_of(adapter, "contacts")

    assert caught.value.code == "adapter.silent_loss"


def test_a_change_goes_out_as_pairs(site: Site, tmp_path: Path) -> None:
    """An encoded array of names and values, with its length and types."""
    crm_site(site)
    with closing(open_wild(site, tmp_path, CRM_YAML)) as adapter:
        adapter.write("contacts", WriteOperation("update", {"last_name": "Ä"}, ("c1",)), "r")

    sent = site.requests[-1].decode()
    assert 'SOAP-ENC:arrayType="ns:name_value[1]"' in sent
    assert '<name xsi:type="xsd:string">last_name</name>' in sent


def test_a_field_that_no_row_holds_is_drift(site: Site, tmp_path: Path) -> None:
    """The WSDL says nothing of pairs: a wanted name that never comes is told, with the nearest."""
    crm_site(site)

    with (
        closing(open_wild(site, tmp_path, CRM_YAML, ("lastname",))) as adapter,
        pytest.raises(DriftError) as caught,
    ):
        rows_of(adapter, "contacts")

    assert caught.value.code == "adapter.field_vanished"
    assert "'last_name'" in caught.value.remedy


# An ERP of the Java kind: values in elements that name their column in an attribute, the
# number of rows in an attribute of the reply, errors in band.
ERP = contract(
    '<xs:complexType name="field"><xs:sequence><xs:element name="val" type="xs:string"'
    ' minOccurs="0" nillable="true"/></xs:sequence>'
    '<xs:attribute name="column" type="xs:string"/></xs:complexType>'
    + record("DataRow", "field t:field*")
    + record("DataSet", "DataRow t:DataRow*")
    + '<xs:complexType name="Data"><xs:sequence><xs:element name="DataSet" type="t:DataSet"'
    ' minOccurs="0"/><xs:element name="Error" type="xs:string" minOccurs="0"/></xs:sequence>'
    '<xs:attribute name="TotalRows" type="xs:int"/></xs:complexType>'
    + '<xs:complexType name="Filter"><xs:sequence><xs:element name="field" type="t:field"'
    ' minOccurs="0" maxOccurs="unbounded"/></xs:sequence>'
    '<xs:attribute name="table" type="xs:string"/></xs:complexType>'
    + element("query", "filter t:Filter", "offset xs:int?", "limit xs:int?", "login xs:string")
    + element("queryResponse", "data t:Data"),
    "query",
)
ERP_YAML = """
address: /
result: {error: data.Error, optional: true}
faults: {"*locked*": transient}
streams:
  partners:
    primary_key: ID
    operation: query
    arguments:
      filter: {table: C_BPartner, field: [{column: Updated, val: "{lower}"}]}
      offset: "{offset}"
      limit: "{page_size}"
      login: "{login}:{password}"
    rows: data.DataSet.DataRow
    pairs: {at: field, name: "@column", value: val}
    paging: {size: 4, total: data.@TotalRows}
"""


def erp_rows(start: int, end: int) -> str:
    return "".join(
        f'<DataRow><field column="ID"><val>{at}</val></field>'
        f'<field column="Name"><val>P{at}</val></field><field column="Tel"/></DataRow>'
        for at in range(start, end)
    )


def test_an_erp_of_attributes(site: Site, tmp_path: Path) -> None:
    """Columns from attributes, the total from one, a nested filter that vanishes when empty."""

    def respond(body: bytes, _: Mapping[str, str]) -> Answer:
        start, size = int(given(body, "offset") or 0), int(given(body, "limit") or 0)
        shown = erp_rows(start, min(start + size, 10))
        return reply("query", f'<data TotalRows="10"><DataSet>{shown}</DataSet></data>')

    site.wsdl, site.respond = Answer(ERP), respond
    with closing(open_wild(site, tmp_path, ERP_YAML)) as adapter:
        read = rows_of(adapter, "partners")
        rows_of(adapter, "partners", Slice(lower="2026-01-01"))

    assert {row["ID"]: row["Name"] for row in read} == {str(at): f"P{at}" for at in range(10)}
    assert read[0]["Tel"] is None
    assert b'table="C_BPartner"' in site.requests[0]
    assert b"Updated" not in site.requests[0]
    assert b'column="Updated"' in site.requests[-1]


def test_an_error_inside_a_success_is_an_error(site: Site, tmp_path: Path) -> None:
    """Its class is that of the table of faults; without rows it would look like no data."""
    site.wsdl = Answer(ERP)
    site.respond = lambda *_: reply("query", "<data><Error>Table locked by DB</Error></data>")

    with (
        closing(open_wild(site, tmp_path, ERP_YAML)) as adapter,
        pytest.raises(MidspanError) as caught,
    ):
        rows_of(adapter, "partners")

    assert caught.value.code == "soap.result_busy"


# A service of the .NET kind: its rows stand in a data set that the WSDL calls "any".
SET = contract(
    element("GetData", "since xs:dateTime?")
    + element("GetDataResponse", "GetDataResult t:set?")
    + record("set", "any"),
    "GetData",
)
SET_YAML = """
address: /
streams:
  orders:
    primary_key: ORDER_NO
    operation: GetData
    arguments: {since: "{lower}"}
    rows: GetDataResult.diffgram.NewDataSet.Orders
"""


def test_rows_that_the_wsdl_does_not_know(site: Site, tmp_path: Path) -> None:
    """A data set: fields by name, texts as they came, a missing one is null."""
    site.wsdl = Answer(SET)
    site.respond = lambda *_: reply(
        "GetData",
        "<GetDataResult><xs:schema/><diffgram><NewDataSet>"
        "<Orders><ORDER_NO>1</ORDER_NO><TOTAL>1.50</TOTAL></Orders>"
        "<Orders><ORDER_NO>2</ORDER_NO></Orders></NewDataSet></diffgram></GetDataResult>",
    )
    with closing(open_wild(site, tmp_path, SET_YAML)) as adapter:
        read = rows_of(adapter, "orders")

    assert read == [
        {"ORDER_NO": "1", "TOTAL": "1.50"},
        {"ORDER_NO": "2", "TOTAL": None},
    ]


def test_rows_elsewhere_than_the_path_says_never_pass(site: Site, tmp_path: Path) -> None:
    """Nothing is declared, so that only the raw reply can tell that there are rows."""
    site.wsdl = Answer(SET)
    site.respond = lambda *_: reply(
        "GetData",
        "<GetDataResult><diffgram><NewDataSet><Bills><NO>1</NO></Bills></NewDataSet>"
        "</diffgram></GetDataResult>",
    )

    with (
        closing(open_wild(site, tmp_path, SET_YAML)) as adapter,
        pytest.raises(ProtocolError) as caught,
    ):
        rows_of(adapter, "orders")

    assert caught.value.code == "adapter.silent_loss"


def test_a_document_inside_a_text(site: Site, tmp_path: Path) -> None:
    """The result is a text that holds XML, with a declaration of its own."""
    site.wsdl = Answer(
        contract(element("Ask") + element("AskResponse", "AskResult xs:string"), "Ask")
    )
    inner = '<?xml version="1.0" encoding="utf-16"?><list><c><no>1</no><n>Ä</n></c></list>'
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;")
    site.respond = lambda *_: reply("Ask", f"<AskResult>{escaped}</AskResult>")
    yaml = """
address: /
streams:
  cs: {primary_key: no, operation: Ask, document: AskResult, rows: c}
"""
    with closing(open_wild(site, tmp_path, yaml.replace("key: no", "key: 'no'"))) as adapter:
        read = rows_of(adapter, "cs")

    assert read == [{"no": "1", "n": "Ä"}]


def test_an_array_where_a_sequence_is_declared(site: Site, tmp_path: Path) -> None:
    """Rows of an encoded array are found whatever they are called, and read by the WSDL's type."""
    site.wsdl = Answer(
        contract(
            record("item", "id xs:int", "price xs:decimal?")
            + record("items", "item t:item*")
            + element("Get")
            + element("GetResponse", "items t:items"),
            "Get",
        )
    )
    site.respond = lambda *_: reply(
        "Get",
        '<items xsi:type="enc:Array" enc:arrayType="t:item[2]">'
        "<Product><id>1</id><price>1.5</price></Product><x href='#o'/></items>"
        "</t:GetResponse><t:o id='o'><id>2</id></t:o><t:GetResponse>",
    )
    yaml = "address: /\nstreams:\n  items: {primary_key: id, operation: Get, rows: items.item}\n"
    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        read = rows_of(adapter, "items")

    assert read == [{"id": 1, "price": Decimal("1.5")}, {"id": 2, "price": None}]


def test_an_rpc_service_may_be_literal(site: Site, tmp_path: Path) -> None:
    """Parts in order without types; one that holds nothing is left out, where names count."""
    parts = {"since": "xs:string", "filter": "t:item", "limit": "xs:int"}
    types = record("item", "id xs:int", "tag xs:string*")
    encoded = rpc_contract(types, {"get": (parts, {"found": "t:item"})})
    site.wsdl = Answer(encoded.replace(b'use="encoded"', b'use="literal"'))
    site.respond = lambda *_: reply("get", "<found><id>1</id><tag>x</tag></found>")
    yaml = """
address: /
streams:
  items:
    primary_key: id
    operation: get
    arguments: {limit: 5, since: "{lower}", filter: {id: 3, tag: [u, v]}}
    rows: found
"""
    with closing(open_wild(site, tmp_path, yaml)) as adapter:
        read = rows_of(adapter, "items")

    assert read == [{"id": 1, "tag": ["x"]}]
    sent = b"<filter><id>3</id><tag>u</tag><tag>v</tag></filter><limit>5</limit></ns:get>"
    assert sent in site.requests[0]
    assert b"since" not in site.requests[0]
