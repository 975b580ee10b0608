"""What discover tells of a rest system: its streams by a sample, and by its own description."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.rest.openapi import read_openapi
from midspan.kernel.catalog import Catalog, CatalogStream
from tests.adapters.http_site import Answer, Asked
from tests.adapters.rest_site import HEAD, PLAIN, Api, opened, plain, reading, reply, system
from tests.adapters.rest_store import STORE, stored

_SCHEMAS = "#/components/schemas/"
OPENAPI: dict[str, Any] = {
    "openapi": "3.0.1",
    "paths": {
        "/customers": {
            "parameters": [{"$ref": "#/components/parameters/page"}],
            "get": {
                "summary": "Customers",
                "parameters": [{"name": "per_page", "in": "query"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/List"}}
                        }
                    }
                },
            },
        },
        "/customers/{no}": {"get": {}},
        "/ping": {"get": {"responses": {"200": {"description": "fine"}}}},
    },
    "components": {
        "parameters": {"page": {"name": "page", "in": "query"}},
        "schemas": {
            "List": {
                "type": "object",
                "properties": {"data": {"type": "array", "items": {"$ref": f"{_SCHEMAS}Customer"}}},
            },
            "Base": {"properties": {"id": {"type": "integer"}}, "required": ["id"]},
            "Customer": {
                "allOf": [{"$ref": f"{_SCHEMAS}Base"}],
                "properties": {
                    "name": {"type": "string", "maxLength": 80},
                    "changed_at": {"type": "string", "format": "date-time"},
                    "limit": {"type": "number"},
                    "parent": {"$ref": f"{_SCHEMAS}Customer"},
                    "fax": {"type": ["string", "null"]},
                },
            },
        },
    },
}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "paths": {
        "/orders": {
            "get": {
                "parameters": [{"name": "offset", "in": "query"}, {"name": "limit", "in": "query"}],
                "responses": {
                    "200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Order"}}}
                },
            }
        }
    },
    "definitions": {"Order": {"type": "object", "properties": {"no": {"type": "string"}}}},
}
METADATA = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="N" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="No"/></Key>
  <Property Name="No" Type="Edm.String" Nullable="false" MaxLength="20"/></EntityType>
<EntityType Name="Customer" BaseType="N.Base"><Property Name="Balance" Type="Edm.Decimal"/>
  <Property Name="Modified" Type="Edm.DateTimeOffset"/>
  <Property Name="Tags" Type="Collection(Edm.String)"/>
</EntityType><EntityContainer Name="C"><EntitySet Name="Customers" EntityType="N.Customer"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""


def looked_into(answer: Any, folder: Path, text: str, columns: tuple[str, ...] = ()) -> Catalog:
    """Return the catalog of a system."""
    with reading(answer, folder, text, columns) as (adapter, _):
        return adapter.discover()


def described(folder: Path, body: bytes) -> tuple[Catalog, dict[str, CatalogStream]]:
    """Return the catalog of a system that describes itself so, and its streams by name."""

    def answer(asked: Asked) -> Answer:
        return Answer(body) if "describe" in asked.path else Api.of(3)(asked)

    found = looked_into(answer, folder, PLAIN + "describe: /describe\n")
    return found, {one.name: one for one in found.streams}


def test_a_stream_is_described_by_a_sample(tmp_path: Path) -> None:
    """Fields with their types, key and cursor with evidence, the number of records, its YAML."""
    text = system("page and total")
    (found,) = looked_into(Api.of(60), tmp_path, text).streams

    assert found.name == "/page"
    assert {one.name: one.type for one in found.fields} == {
        "id": "integer",
        "name": "string",
        "changed": "datetime",
    }
    assert found.primary_key == ("id",)
    assert found.cursors[0].fields == ("changed",)
    assert found.cursors[0].evidence
    assert (found.rows, found.configured) == (60, ("items",))
    assert found.config["paging"]["query"] == {"page": "{page}", "size": "{page_size}"}
    assert found.config["detail"] == {"path": "/items/{id}"}
    assert "many" not in found.config["detail"]


def test_what_no_mapping_reads_is_told(tmp_path: Path) -> None:
    """By name, for whoever wonders what else there is."""
    found = looked_into(Api.of(5), tmp_path, PLAIN, ("id", "name"))

    assert found.remarks == ("'items' also holds changed",)


def test_rows_that_are_keys_alone_are_described_by_their_details(tmp_path: Path) -> None:
    """A few details are asked for, and no more."""
    asked_for = []

    def answer(asked: Asked) -> Answer:
        key = asked.path.rpartition("/")[2]
        if key == "all":
            return reply({"data": [{"id": n} for n in range(100)]})
        asked_for.append(key)
        return reply({"id": int(key), "city": "Graz"})

    text = plain(detail='{path: "/one/{id}", each: true}')
    (found,) = looked_into(answer, tmp_path, text).streams

    assert [one.name for one in found.fields] == ["id", "city"]
    assert found.rows == 100
    assert len(asked_for) == 20


def test_a_stream_that_cannot_be_looked_into_is_a_remark(tmp_path: Path) -> None:
    """The others are described all the same."""
    text = HEAD + "streams:\n  a: {primary_key: id, path: /none}\n" + PLAIN.split("streams:\n")[1]
    api = Api.of(2)
    api.override = lambda asked: Answer(b"{}", 403) if "none" in asked.path else None
    found = looked_into(api, tmp_path, text)

    assert [one.name for one in found.streams] == ["/all"]
    assert "'a' cannot be looked into" in found.remarks[0]


def test_streams_are_asked_for_by_path_or_name(tmp_path: Path) -> None:
    """Whoever knows one of the two gets it alone."""
    with stored() as (_, site):
        text = STORE + "    parts: {lines: {parent: id, path: /items/lines}}\n"
        adapter = opened(site, tmp_path, text)
        for name in ("items", "/items"):
            names = [one.name for one in adapter.discover([name]).streams]
            assert names[:1] == ["/items"]
        adapter.close()


@pytest.mark.parametrize("document", ["json", "yaml"])
def test_an_openapi_document_is_read(tmp_path: Path, document: str) -> None:
    """Lists with their fields, paging and detail, ready to be pasted; references end."""
    body = json.dumps(OPENAPI) if document == "json" else yaml.safe_dump(OPENAPI)
    found, streams = described(tmp_path, body.encode())

    assert found.remarks == ()
    assert list(streams) == ["/all", "/customers"]
    customers = streams["/customers"]
    assert {one.name: (one.type, one.nullable) for one in customers.fields} == {
        "name": ("string", True),
        "changed_at": ("datetime", True),
        "limit": ("decimal", True),
        "parent": ("record", True),
        "fax": ("string", True),
        "id": ("integer", True),
    }
    assert customers.label == "Customers"
    assert customers.config == {
        "path": "/customers",
        "rows": "data",
        "paging": {"style": "page", "query": {"page": "{page}", "per_page": "{page_size}"}},
        "detail": {"path": "/customers/{no}"},
    }
    assert customers.cursors[0].fields == ("changed_at",)


def test_an_older_document_is_read() -> None:
    """OpenAPI 2: the schema stands in the response itself."""
    (orders,) = read_openapi(SWAGGER) or ()

    assert [(one.name, one.type) for one in orders.fields] == [("no", "string")]
    assert orders.config["paging"]["style"] == "offset"


def test_odata_metadata_is_read(tmp_path: Path) -> None:
    """Entity sets with key, inherited fields and the paging that OData has."""
    _, streams = described(tmp_path, METADATA)
    customers = streams["/Customers"]

    assert customers.primary_key == ("No",)
    assert {one.name: (one.type, one.size) for one in customers.fields} == {
        "No": ("string", 20),
        "Balance": ("decimal", None),
        "Modified": ("datetime", None),
        "Tags": ("list", None),
    }
    assert customers.config == {
        "path": "/Customers",
        "rows": "value",
        "paging": {"style": "next", "next": "@odata.nextLink"},
        "detail": {"path": "/Customers('{No}')"},
    }


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><p>Hello</p>", b"{}", b"\xff", b"- a\n- b", b"<a/>", b""]
)
def test_what_is_no_description_is_a_remark(tmp_path: Path, body: bytes) -> None:
    """The configured streams are described all the same."""
    found, streams = described(tmp_path, body)

    assert list(streams) == ["/all"]
    assert "rest.description" in found.remarks[0]


def test_a_path_may_lead_to_a_name_with_a_dot(tmp_path: Path) -> None:
    """``@odata.nextLink`` is one member, and pages go on by it."""
    text = plain(
        paging='{style: next, size: 2, next: "@odata.nextLink", total: "@odata.count"}'
    ).replace("rows: data", "rows: value")

    def answer(asked: Asked) -> Answer:
        if "skip" in asked.path:
            return reply({"@odata.count": 3, "value": [{"id": 3}]})
        ahead = "/api/all?$skip=2"
        return reply({"@odata.count": 3, "@odata.nextLink": ahead, "value": [{"id": 1}, {"id": 2}]})

    for columns in ((), ("id",)):
        with reading(answer, tmp_path, text, columns) as (adapter, _):
            assert [key for keys in adapter.keys("items") for key in keys] == [(1,), (2,), (3,)]
            (found,) = adapter.discover().streams
            assert found.rows == 3
