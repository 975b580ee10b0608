"""A canonical customer that is written into a system is read from it as the same customer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config.connections import Connection
from config.settings import Settings
from mappings.reverse import reverse_of
from midspan.kernel.gate import Lane
from midspan.kernel.stream import Slice
from midspan.kernel.writing import WriteOperation
from midspan.sync.project import Project, assemble

SYSTEM = """
type: sql
conn_id: shop
streams:
  customers:
    primary_key: NR
    table: kunden
    write: {operations: [create, update], reference: REF}
"""
SYNC = "system: shop\nstream: customers\nentity: customer\nmapping: kunden.yaml\n"
MAPPING = """
mapping: kunden
entity: customer/1
source: shop.customers
fields:
  kind: {path: ART, lookup: arten.csv}
  name: {path: NAME, via: collapse}
  email: {path: MAIL, via: email}
  phone: {path: TEL, via: {phone: {country_from: LAND}}}
  tax_id: {path: UID, via: {tax_id: {country_from: LAND}}}
  street: {path: STR, via: clean}
  postal_code: {path: PLZ, via: [trim, {pad: {length: 5}}]}
  city: {path: ORT, via: trim}
  country: {path: LAND, via: country}
  language: {path: SPR, via: language}
  marketing_consent: {path: WERB, via: {boolean: {yes: [J], no: [N]}}}
  active: {when: [{if: {path: GELOESCHT, equals: X}, then: {const: false}}], else: {const: true}}
reverse:
  GELOESCHT: {when: [{if: {path: active, equals: false}, then: {const: X}}], else: {const: "-"}}
ignore: [NR, REF]
"""
COLUMNS = "ART, NAME, MAIL, TEL, UID, STR, PLZ, ORT, LAND, SPR, WERB, GELOESCHT"
LEGACY = (
    *("F", "Süß  &  Söhne", "Office@Suess.Example", "0664 1234567", "ATU 1358.5627"),
    *("Am Graben 1 &amp; 2", "810", " Graz", "at", "de_AT", "j", ""),
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Make a project over one table with one row, as people have typed it."""
    home, database = tmp_path / "home", tmp_path / "shop.db"
    for name, text in {
        "config/systems/shop.yaml": SYSTEM,
        "config/syncs/shop.customers.yaml": SYNC,
        "mappings/kunden.yaml": MAPPING,
        "mappings/lookups/arten.csv": "source,canonical\nP,person\nF,company\n",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"CREATE TABLE kunden (NR INTEGER PRIMARY KEY, REF TEXT, {COLUMNS})")
        marks = ", ".join("?" * len(LEGACY))
        connection.execute(f"INSERT INTO kunden ({COLUMNS}) VALUES ({marks})", LEGACY)  # noqa: S608 our own words
    settings = Settings(home, tmp_path / "state", None, "", "t")
    made = assemble(settings, lambda conn_id: _connection(conn_id, database))
    yield made
    made.close()


def _connection(conn_id: str, database: Path) -> Connection:
    return Connection(conn_id, "sqlite", extra={"path": str(database)})


def canonical(project: Project, key: Any) -> dict[str, Any]:
    """Read one row and translate it, as a sync does."""
    sync = project.sync("shop.customers")
    with closing(project.adapter("shop", Lane.LIVE)) as adapter:
        (batch,) = adapter.read("customers", Slice(keys=((key,),)))
    done = sync.mapping.translate(batch.columns, batch.rows)
    assert not done.refusals
    return dict(zip(sync.mapping.entity.field_names, done.rows[0], strict=True))


def write(project: Project, operation: WriteOperation, reference: str) -> Any:
    with closing(project.adapter("shop", Lane.LIVE)) as adapter:
        return adapter.write("customers", operation, reference).key[0]


def test_a_customer_that_is_created_is_read_as_it_was(project: Project) -> None:
    """Every field: codes, numbers, flags, escapes, whatever the source's spelling of them is."""
    back = reverse_of(project.sync("shop.customers").mapping.mapping)
    customer = canonical(project, 1)

    key = write(project, WriteOperation("create", {"NR": 2} | back.write(customer)), "MS-1")

    assert back.reversible == project.sync("shop.customers").mapping.entity.field_names
    assert key == 2
    assert canonical(project, 2) == customer


def test_only_the_changed_fields_travel(project: Project) -> None:
    """Everything else of the record stays as people have typed it."""
    back = reverse_of(project.sync("shop.customers").mapping.mapping)
    before = canonical(project, 1)
    changed = {"city": "Wels", "marketing_consent": False}

    write(project, WriteOperation("update", back.write(changed), (1,)), "MS-2")

    assert back.write(changed) == {"ORT": "Wels", "WERB": "N"}
    assert canonical(project, 1) == before | changed
