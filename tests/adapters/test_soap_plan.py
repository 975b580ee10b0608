"""Plans read what zeep reads, value for value, and more where zeep would leave something out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from zeep.helpers import serialize_object
from zeep.wsdl.messages.multiref import process_multiref

from adapters.soap.plan import Plans
from adapters.soap.reading import Reply
from adapters.soap.scope import Scope, Unlike
from adapters.soap.untyped import plain
from midspan.kernel.errors import ProtocolError
from tests.adapters.soap_generated import Generator
from tests.adapters.soap_wsdls import load, own_wsdls, real_wsdls

TIMES = 1
LARGE = (
    "metadata.wsdl",
    "RateService_v24.wsdl",
    "TrackService_v16.wsdl",
    "media.wsdl",
    "events.wsdl",
)


def bodies(client: Any) -> Iterator[Any]:
    """Yield the declaration of every message's body."""
    for binding in client.wsdl.bindings.values():
        for operation in binding.all().values():
            for message in (operation.input, operation.output):
                if message is not None and message.body is not None and message.body.type:
                    yield message.body


def read_both(element: etree._Element, declared: Any, client: Any, plans: Plans) -> tuple[Any, Any]:
    """Return an element as the plan reads it, and as zeep does."""
    scope = Scope(Reply(element), plans, _no_drift)
    by_plan = scope.read(element, plans.of(declared.type))
    by_zeep = declared.parse(element, client.wsdl.types, allow_none=True)
    return by_plan, bare(plain(serialize_object(by_zeep, dict), scope))


def bare(value: Any) -> Any:
    """Return a value of zeep's without the places where ``xs:any`` might have stood."""
    if isinstance(value, dict):
        return {
            key: bare(one)
            for key, one in value.items()
            if not (key.startswith("_value_") and one in (None, []))
        }
    return [bare(one) for one in value] if isinstance(value, list) else value


def same(by_plan: Any, by_zeep: Any) -> bool:
    """Compare; where a choice holds a false or empty value, zeep forgets it."""
    if isinstance(by_plan, dict) and isinstance(by_zeep, dict):
        return by_plan.keys() == by_zeep.keys() and all(
            same(one, by_zeep[key]) for key, one in by_plan.items()
        )
    if isinstance(by_plan, list) and isinstance(by_zeep, list):
        return len(by_plan) == len(by_zeep) and all(map(same, by_plan, by_zeep))
    return bool(by_plan == by_zeep) or (by_zeep is None and not by_plan)


def _no_drift(path: str, kind: str) -> None:
    raise AssertionError(f"a valid element differs: {kind} {path}")


def test_plans_equal_zeep_for_every_message_of_every_wsdl(tmp_path: Path) -> None:
    """Nil, xsi:type, choices, attributes, recursion: some thousands of generated elements."""
    real = [file for file in real_wsdls() if file.name in LARGE]
    wsdls = own_wsdls(tmp_path) + real
    read = derived = 0
    for wsdl in wsdls:
        client = load(wsdl)
        plans, generator = Plans(client.wsdl.types), Generator(client.wsdl.types, seed=7)
        for declared in bodies(client):
            for _ in range(50 if wsdl.name == "odd.wsdl" else TIMES):
                element = generator.element(declared)

                by_plan, by_zeep = read_both(element, declared, client, plans)

                assert same(bare(by_plan), by_zeep), f"{wsdl.name}: {declared.qname}"
                read += 1
                derived += b"xsi:type" in etree.tostring(element)
    assert len(real) == len(LARGE)
    assert read > 300
    assert derived > 20


SPACES = (
    'xmlns:t="urn:odd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:enc="http://schemas.xmlsoap.org/soap/encoding/"'
)


@pytest.fixture(scope="module")
def odd() -> tuple[Any, Plans]:
    """Load the WSDL of odd types."""
    client = load(Path(__file__).parent / "soap_contracts" / "odd.wsdl")
    return client, Plans(client.wsdl.types)


def read(odd: tuple[Any, Plans], inner: str, drift: list[tuple[str, str]] | None = None) -> Any:
    """Return the ``row`` of a reply that holds ``inner`` in its body."""
    _, plans = odd
    body = etree.fromstring(f"<b {SPACES}>{inner}</b>")
    told = drift if drift is not None else []
    reply = Reply(body[0])
    scope = Scope(reply, plans, lambda path, kind: told.append((path, kind)))
    plan = plans.by_name("urn:odd", "Row")
    assert plan is not None
    try:
        return scope.read(body[0], plan)
    except Unlike:
        return scope.lenient(body[0], plan, "")


def test_what_stands_at_any_keeps_its_name(odd: tuple[Any, Plans]) -> None:
    """Zeep gives a raw element or a value without a name; here it is a field."""
    row = read(odd, "<row><id>1</id><t:extra>7</t:extra><color><name>red</name></color></row>")

    assert (row["id"], row["extra"], row["color"]) == (1, 7, {"name": "red"})


def test_a_nil_item_keeps_its_place(odd: tuple[Any, Plans]) -> None:
    """In an encoded array too, from which zeep drops it."""
    row = read(
        odd,
        '<row><id>1</id><names enc:arrayType="xs:string[3]">'
        '<item>a</item><item xsi:nil="true"/><item>c</item></names></row>',
    )

    assert row["names"] == ["a", None, "c"]


def test_references_are_followed_wherever_they_stand(odd: tuple[Any, Plans]) -> None:
    """As zeep resolves them: a shared record, one inside another, a simple value."""
    client, _ = odd
    text = (
        f"<b {SPACES}><row><id href='#n'/><parent href='#p'/></row>"
        "<m id='n' xsi:type='xs:int'>5</m>"
        "<m id='p' xsi:type='t:Row'><id>6</id><parent href='#q'/></m>"
        "<m id='q' xsi:type='t:Row'><id href='#n'/></m></b>"
    )
    body = etree.fromstring(text)
    process_multiref(body)
    declared = client.wsdl.types.get_type("{urn:odd}Row")
    by_zeep = declared.parse_xmlelement(body[0], client.wsdl.types)

    row = read(odd, text.partition(">")[2].removesuffix("</b>"))

    assert row == bare(serialize_object(by_zeep, dict))
    assert row["parent"]["parent"]["id"] == 5


def test_a_reference_into_itself_ends_and_is_told(odd: tuple[Any, Plans]) -> None:
    """Zeep would follow it for ever."""
    drift: list[tuple[str, str]] = []

    row = read(
        odd,
        "<row><id>1</id><parent href='#p'/></row><m id='p'><id>2</id><parent href='#p'/></m>",
        drift,
    )

    assert row["parent"] == {**row["parent"], "id": 2, "parent": None}
    assert drift == [("parent", "cycle")]


def test_a_reference_to_nothing_is_an_error(odd: tuple[Any, Plans]) -> None:
    """A record that is not there would be a null otherwise."""
    with pytest.raises(ProtocolError) as caught:
        read(odd, "<row><id>1</id><parent href='#gone'/></row><m id='p'/>")

    assert caught.value.code == "soap.reference"


def test_references_cannot_blow_a_reply_up(odd: tuple[Any, Plans]) -> None:
    """Twenty levels of ten references each would be more than any memory holds."""
    levels = "".join(
        f"<m id='l{at}' enc:arrayType='t:Row[10]'>" + f"<i href='#l{at + 1}'/>" * 10 + "</m>"
        for at in range(20)
    )

    with pytest.raises(ProtocolError) as caught:
        read(odd, f"<row><id>1</id><t:extra href='#l0'/></row>{levels}<m id='l20'>x</m>")

    assert caught.value.code == "soap.reference"


def test_an_encoded_array_may_stand_for_a_sequence(odd: tuple[Any, Plans]) -> None:
    """The WSDL declares a list of lines; the server sends an array of items."""
    row = read(
        odd,
        "<row><id>1</id><lines enc:arrayType='t:Line[2]' xsi:type='enc:Array'>"
        "<item><no>1</no></item><item><no>2</no></item></lines></row>",
    )

    assert row["lines"] == {"line": [{"no": 1}, {"no": 2}]}


def test_a_shorter_array_than_announced_is_an_error(odd: tuple[Any, Plans]) -> None:
    """Inside a row too."""
    with pytest.raises(ProtocolError) as caught:
        read(
            odd,
            "<row><id>1</id><lines enc:arrayType='t:Line[3]'><item><no>1</no></item></lines></row>",
        )

    assert caught.value.code == "adapter.silent_loss"


ODD_VALUES = {
    "a boolean that is none": ("<row><id>1</id><flag>Y</flag></row>", "flag", "Y"),
    "a date that is none": ("<row><id>1</id><day>0000-00-00</day></row>", "day", "0000-00-00"),
    "a member that stands twice": (
        "<row><id>1</id><flag>true</flag><flag>false</flag></row>",
        "flag",
        [True, False],
    ),
    "a text where a record is declared": (
        "<row><id>1</id><parent>none</parent></row>",
        "parent",
        "none",
    ),
    "a map as PHP sends it": (
        """<row><id>1</id><map><item><key>a</key><value xsi:type='xs:int'>1</value></item></map>
        </row>""",
        "map",
        {"a": 1},
    ),
}


@pytest.mark.parametrize("name", ODD_VALUES)
def test_odd_values_are_kept(odd: tuple[Any, Plans], name: str) -> None:
    """What is not as declared arrives as it came."""
    inner, field, value = ODD_VALUES[name]

    assert read(odd, inner)[field] == value
