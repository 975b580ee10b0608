"""The published schemas say what really travels, and mark what is personal."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from midspan.cli.contracts import documents
from shared_services.contracts.asyncapi import asyncapi_document
from shared_services.contracts.commands import COMMANDS, RecordConsent
from shared_services.contracts.entities import Customer, Price, entity_types
from shared_services.contracts.events import EntityEvent, SnapshotReady, Verb
from shared_services.contracts.methods import (
    METHODS,
    FindCustomers,
    GetMany,
    PricedProduct,
    ProductPage,
    SelectedCustomers,
)
from shared_services.contracts.schemas import published
from shared_services.contracts.selection import select_fields

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLACE: dict[str, Any] = {"id": 1, "epoch": 1, "sequence": 2, "as_of": NOW}
ANN = Customer(kind="person", name="Ann", email="ann@example.com", **PLACE)
PRICE = Price(
    product_code="OIL", currency="EUR", amount=Decimal("1.5"), valid_from=date(2026, 1, 1), **PLACE
)
OIL = PricedProduct(code="OIL", name="Oil", list_price=Decimal(2), prices=[PRICE], **PLACE)
UPDATED = EntityEvent(
    entity="customer",
    id=1,
    epoch=1,
    sequence=2,
    verb="updated",
    changed=("name", "country"),
    values={"country": "CH"},
)


def test_the_checked_in_documents_are_up_to_date() -> None:
    """`midspan contracts schema --write docs/apps/contracts` would change nothing."""
    folder = ROOT / "docs" / "apps" / "contracts"
    found = {
        str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*.json"))
    }

    assert found == documents()


def test_the_asyncapi_document_is_valid() -> None:
    """By AsyncAPI's own schema; and that schema does refuse what is none."""
    schema = json.loads((HERE / "asyncapi" / "3.0.0.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    document = asyncapi_document(1)

    assert [error.message for error in validator.iter_errors(document)] == []
    document["operations"]["customer_get_v1"]["action"] = "think"
    assert not validator.is_valid(document)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """Operations name channels and messages that are there; each event and method has one."""
    document = asyncapi_document(1)

    def follow(value: Any) -> int:
        if isinstance(value, list):
            return sum(map(follow, value))
        if not isinstance(value, dict):
            return 0
        if "$ref" in value:
            found: Any = document
            for word in value["$ref"].removeprefix("#/").split("/"):
                found = found[word]
            return 1
        return sum(map(follow, value.values()))

    assert follow(document["operations"]) > 2 * len(published())
    events = len(entity_types()) * len(get_args(Verb))
    assert len(document["operations"]) == len(METHODS) + len(COMMANDS) + events


@pytest.mark.parametrize(
    ("message", "part", "value"),
    [
        ("customer.get.v1", "reply", ANN),
        ("customer.get_many.v1", "request", GetMany(ids=[1], fields=["name"])),
        (
            "customer.get_many.v1",
            "selected",
            SelectedCustomers(items=[select_fields(Customer, ANN, ["name", "phone"])]),
        ),
        ("customer.find.v1", "request", FindCustomers(name="n", limit=3)),
        ("product.find.v1", "reply", ProductPage(items=[OIL], next=1)),
        (
            "customer.record_consent.v1",
            "command",
            RecordConsent(id=1, purpose="newsletter", granted=True, at=NOW),
        ),
        ("customer.updated.v1", "event", UPDATED),
        ("customer.snapshot_ready.v1", "event", SnapshotReady(entity="customer", count=3)),
    ],
)
def test_what_travels_fits_its_schema(message: str, part: str, value: msgspec.Struct) -> None:
    """The bytes on the wire are valid by the schema that other languages read."""
    jsonschema.validate(json.loads(msgspec.json.encode(value)), published()[message][part])


@pytest.mark.parametrize(
    ("message", "part", "value"),
    [
        ("customer.get.v1", "request", {"id": "1"}),
        ("customer.find.v1", "request", {"limit": 501}),
        ("customer.updated.v1", "event", {**json.loads(msgspec.json.encode(UPDATED)), "id": -1}),
        ("customer.created.v1", "event", json.loads(msgspec.json.encode(UPDATED))),
        ("product.updated.v1", "event", json.loads(msgspec.json.encode(UPDATED))),
    ],
)
def test_what_does_not_fit_is_refused(message: str, part: str, value: object) -> None:
    """A schema says which entity and verb its event is of, and every limit."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, published()[message][part])


def _marked(schema: Any) -> set[str]:
    """Return the names of the properties that are marked as personal, at any depth."""
    found: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        found |= {name for name, one in properties.items() if one.get("x-personal")}
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            found |= _marked(inner)
    return found


@pytest.mark.parametrize("part", ["reply", "selected"])
def test_personal_fields_are_marked_wherever_they_travel(part: str) -> None:
    """Each personal field of the entity, whole or chosen; and none in a public event."""
    personal = {one.name for one in entity_types()["customer"].fields if one.personal}

    assert _marked(published()["customer.get_many.v1"][part]) == personal
    assert _marked(published()["product.get_many.v1"][part]) == set()
    events = [one for one in published().values() if one["kind"] == "event"]
    assert not any(_marked(one) for one in events)
