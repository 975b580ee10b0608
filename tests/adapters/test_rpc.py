"""The rpc adapter on a running Tryton, by the project's own config/systems/erp.yaml alone."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.rpc import RpcAdapter
from config.connections import Connection
from examples.company.erp import changes, truth
from midspan.kernel.errors import AccessDenied, ProtocolError, TransientError
from midspan.kernel.redaction import Secret
from midspan.kernel.stream import Slice
from tests.adapters.building import ROOT, build, records
from tests.fixtures_erp import RunningErp

FUTURE = "2099-01-01T00:00:00"


def connect(
    erp: RunningErp, password: str | None = None, database: str | None = None
) -> Connection:
    address = urlsplit(erp.url)
    return Connection(
        "midspan_erp",
        address.scheme,
        address.hostname or "",
        address.port,
        erp.user,
        Secret(password or erp.password),
        database or erp.database,
    )


def opened(erp: RunningErp, limit: int | None = None) -> RpcAdapter:
    return build(RpcAdapter, ROOT, "erp", connect(erp), limit=limit)


@pytest.fixture
def adapter(erp: RunningErp) -> Iterator[RpcAdapter]:
    with closing(opened(erp)) as adapter:
        yield adapter


def rows(adapter: RpcAdapter, stream: str, part: Slice | None = None) -> list[dict[str, Any]]:
    return records(list(adapter.read(stream, part or Slice())))


def first(values: list[Any]) -> Any:
    return values[0] if values else None


def values_of(record: dict[str, Any], *kinds: str) -> list[str]:
    return [part["value"] for part in record["contact_mechanisms"] if part["type"] in kinds]


def since(adapter: RpcAdapter) -> str:
    """Return the server's present time as a slice's lower bound."""
    now = adapter.now()
    assert now is not None
    return now.replace(tzinfo=None).isoformat()


def test_check_reads_every_stream_and_part(adapter: RpcAdapter) -> None:
    """What is declared can be read, sales included though nothing syncs them yet."""
    report = adapter.check()

    assert report.ok
    names = {check.stream for check in report.streams}
    assert {"customers", "customers.identifiers", "products", "sales", "sales.lines"} <= names


def test_customers_equal_tryton_s_own_tables(erp: RunningErp, adapter: RpcAdapter) -> None:
    """Every party arrives once, archived ones too, with its parts nested as plain records."""
    read = rows(adapter, "customers")

    expected = truth.parties(erp.database_file)
    assert [
        (
            *(row["id"], row["code"], row["name"], bool(row["active"])),
            first(values_of(row, "email")),
            first(values_of(row, "phone", "mobile")),
            *((address := first(row["addresses"])) and (address["street"], address["city"])),
            address["country"]["code"],
            row["lang"] and row["lang"]["code"],
        )
        for row in read
    ] == [
        (
            *(party["id"], party["code"], party["name"], party["active"]),
            *(party["email"], party["phone"], party["street"], party["city"]),
            *(party["country"], party["language"]),
        )
        for party in expected
    ]
    assert [row["create_date"].replace(tzinfo=UTC) for row in read] == [
        party["create_date"] for party in expected
    ]


def test_products_equal_tryton_s_own_tables(erp: RunningErp, adapter: RpcAdapter) -> None:
    """Prices arrive as the exact decimals they are."""
    read = rows(adapter, "products")

    expected = truth.products(erp.database_file)
    assert [(row["id"], row["code"], row["list_price_used"]) for row in read] == [
        (product["id"], product["code"], product["list_price"]) for product in expected
    ]
    assert all(isinstance(row["list_price_used"], Decimal) for row in read)


def test_sales_come_with_their_lines(erp: RunningErp, adapter: RpcAdapter) -> None:
    """A sale is one record that holds its lines, dates and prices typed."""
    read = rows(adapter, "sales")

    expected = truth.sales(erp.database_file)
    assert [
        (
            *(sale["id"], sale["party"]["code"], sale["sale_date"]),
            [(line["product"]["code"], line["unit_price"]) for line in sale["lines"]],
        )
        for sale in read
    ] == [
        (
            *(sale["id"], sale["party"], sale["sale_date"]),
            [(line["product"], line["unit_price"]) for line in sale["lines"]],
        )
        for sale in expected
    ]


def test_keys_list_every_record(erp: RunningErp, adapter: RpcAdapter) -> None:
    """The listing for deletes holds archived records too: they are not gone."""
    listed = [key for keys in adapter.keys("customers") for key in keys]

    assert listed == [(party["id"],) for party in truth.parties(erp.database_file)]


def test_asked_by_key_gives_exactly_these(adapter: RpcAdapter) -> None:
    """A key that is gone is left out and spoils nothing."""
    read = rows(adapter, "customers", Slice(keys=((7,), (999_999,), (3,))))

    assert sorted(row["id"] for row in read) == [3, 7]


def test_a_slice_resumes_behind_every_position(erp: RunningErp) -> None:
    """Wherever a read stopped, the next one gives the rest: nothing is missed or doubled."""
    with closing(opened(erp, limit=50)) as adapter:
        batches = list(adapter.read("customers", Slice()))
        whole = [row["id"] for row in records(batches)]

        for done, batch in enumerate(batches, 1):
            position = json.loads(json.dumps(batch.position))
            rest = records(list(adapter.read("customers", Slice(), position)))
            assert [row["id"] for row in records(batches[:done]) + rest] == whole

    assert len(batches) > 5


def test_keys_resume_behind_every_position(erp: RunningErp) -> None:
    """A slice by keys goes on where it stopped, too."""
    part = Slice(keys=tuple((number,) for number in range(1, 11)))
    with closing(opened(erp, limit=3)) as adapter:
        batches = list(adapter.read("customers", part))

        rest = records(list(adapter.read("customers", part, batches[1].position)))

    assert [row["id"] for row in rest] == [7, 8, 9, 10]


def test_a_refused_row_can_show_where_it_came_from(adapter: RpcAdapter) -> None:
    """Quarantine keeps the row's own bytes and its place."""
    batch = next(iter(adapter.read("customers", Slice())))

    raw, place = batch.origin(16)

    assert json.loads(raw)["id"] == batch.rows[16][batch.columns.index("id")]
    assert place == "page 1, record 17"


def test_only_mapped_fields_are_asked_for(erp: RunningErp) -> None:
    """What no mapping reads costs the ERP nothing."""
    with closing(build(RpcAdapter, ROOT, "erp", connect(erp), ["name", "addresses"])) as adapter:
        batch = next(iter(adapter.read("sales.lines", Slice())))
        assert set(batch.columns) == {"sale", "id", "write_date", "create_date"}

        batch = next(iter(adapter.read("customers", Slice(keys=((7,),)))))

    assert set(batch.columns) == {"id", "write_date", "create_date", "name", "addresses"}


def test_the_clock_is_the_server_s(adapter: RpcAdapter) -> None:
    """The source's own clock is aware and right to the second."""
    now = adapter.now()

    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_nothing_is_newer_than_the_future(adapter: RpcAdapter) -> None:
    """The cursor's filter reaches Tryton, for streams and parts alike."""
    for stream in ("customers", "customers.contact_mechanisms", "products.template", "sales"):
        assert rows(adapter, stream, Slice(lower=FUTURE)) == []


def test_an_edit_is_read_alone(own_erp: RunningErp) -> None:
    """Increments hold the edited and the created rows, whose write date may be null."""
    with closing(opened(own_erp)) as adapter:
        lower = since(adapter)
        changes.rename_party(own_erp.clerk(), 9, "Ébéniste & Fils")
        created = changes.create_party(own_erp.clerk(), "Zoë Ångström")

        read = rows(adapter, "customers", Slice(lower=lower))

    assert {row["id"]: row["name"] for row in read} == {
        9: "Ébéniste & Fils",
        created: "Zoë Ångström",
    }


def test_a_phone_edited_alone_names_its_party(own_erp: RunningErp) -> None:
    """The part tells which parent to read again, and the parent then shows the new phone."""
    with closing(opened(own_erp)) as adapter:
        lower = since(adapter)
        changes.change_phone(own_erp.clerk(), 9, "+43 732 123456")

        assert rows(adapter, "customers", Slice(lower=lower)) == []
        parents = {
            row["party"]
            for row in rows(adapter, "customers.contact_mechanisms", Slice(lower=lower))
        }
        (party,) = rows(adapter, "customers", Slice(keys=tuple((parent,) for parent in parents)))

    assert party["id"] == 9
    assert "+43 732 123456" in values_of(party, "phone", "mobile")


def test_a_template_edited_alone_names_its_product(own_erp: RunningErp) -> None:
    """A product whose template was changed is read again, also an archived product."""
    archived = next(row for row in truth.products(own_erp.database_file) if not row["active"])
    with closing(opened(own_erp)) as adapter:
        (product,) = rows(adapter, "products.template", Slice(keys=((archived["id"],),)))
        lower = since(adapter)
        clerk = own_erp.clerk()
        clerk.call("model.product.template.write", [product["template"]["id"]], {"active": True})

        read = rows(adapter, "products.template", Slice(lower=lower))

    assert [row["id"] for row in read] == [archived["id"]]
    assert read[0]["template.write_date"] >= datetime.fromisoformat(lower)


def test_a_record_deleted_while_paging_hides_no_other(own_erp: RunningErp) -> None:
    """Pages follow keys, so rows that vanish before the page do not shift those after it."""
    expected = {party["id"] for party in truth.parties(own_erp.database_file)}
    clerk = own_erp.clerk()
    victim = changes.party_without_sales(clerk)
    with closing(opened(own_erp, limit=20)) as adapter:
        pages = adapter.read("customers", Slice())
        read = records([next(pages)])
        changes.delete_party(clerk, victim)
        read += records(list(pages))

    assert {row["id"] for row in read} | {victim} == expected


def test_a_session_that_ends_in_the_middle_is_opened_anew(own_erp: RunningErp) -> None:
    """The job does not notice that the ERP forgot it: no row is missed or doubled."""
    with closing(opened(own_erp, limit=50)) as adapter:
        whole = [row["id"] for row in rows(adapter, "customers")]
        pages = adapter.read("customers", Slice())
        read = records([next(pages), next(pages)])
        with closing(sqlite3.connect(own_erp.database_file)) as connection:
            connection.execute("DELETE FROM ir_session")
            connection.commit()
        read += records(list(pages))

    assert [row["id"] for row in read] == whole


def test_a_wrong_password_names_the_connection_and_no_secret(
    erp: RunningErp, caplog: pytest.LogCaptureFixture
) -> None:
    """The person who reads the message knows which connection to correct, and nothing more."""
    caplog.set_level(logging.DEBUG)
    wrong = "not-the-right-one"
    adapter = build(RpcAdapter, ROOT, "erp", connect(erp, password=wrong))

    with closing(adapter), pytest.raises(AccessDenied) as caught:
        adapter.check()

    assert caught.value.code == "rpc.login"
    assert "midspan_erp" in caught.value.remedy
    assert wrong not in str(caught.value) + caplog.text


def test_an_unknown_database_is_told(erp: RunningErp) -> None:
    """A misspelt schema of the connection is named as what it is."""
    adapter = build(RpcAdapter, ROOT, "erp", connect(erp, database="nonesuch"))

    with closing(adapter), pytest.raises((ProtocolError, AccessDenied)) as caught:
        adapter.check()

    assert "schema" in caught.value.remedy


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("model: sale.line", "model: res.user", "'res.user'"),
        ("fields: [number,", "fields: [numero,", "numero"),
        ("model: sale.sale", "model: sale.sail", "sale.sail"),
        ("model.{model}.search_read", "model.{model}.serch_read", "method"),
    ],
    ids=["missing grant", "unknown field", "unknown model", "unknown method"],
)
def test_check_tells_a_stream_s_trouble(
    erp: RunningErp, tmp_path: Path, old: str, new: str, named: str
) -> None:
    """A stream that cannot be read is named with what is wrong; the others are still tried."""
    text = (ROOT / "config" / "systems" / "erp.yaml").read_text(encoding="utf-8")
    (tmp_path / "config" / "systems").mkdir(parents=True)
    (tmp_path / "config" / "systems" / "erp.yaml").write_text(
        text.replace(old, new), encoding="utf-8"
    )

    with closing(build(RpcAdapter, tmp_path, "erp", connect(erp))) as adapter:
        report = adapter.check(["sales"])

    assert not report.ok
    problems = [check.problem for check in report.streams if not check.readable]
    assert named in problems[0]


def test_a_stopped_server_is_a_passing_trouble(own_erp: RunningErp) -> None:
    """A job that finds the ERP down may come back later."""
    with closing(opened(own_erp)) as adapter:
        adapter.check(["customers"])
        own_erp.server.stop()

        with pytest.raises(TransientError) as caught:
            rows(adapter, "customers")

    assert caught.value.code in {"http.unreachable", "http.truncated"}


def test_no_secret_is_logged(erp: RunningErp, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the password nor what stands for it later shows in any log, at any level."""
    caplog.set_level(logging.DEBUG)

    with closing(opened(erp)) as adapter:
        rows(adapter, "products")
        session = adapter._client._values(adapter._client._session or {})

    assert {"user", "token", "credential"} <= set(session)
    for secret in (erp.password, session["token"], session["credential"]):
        assert secret not in caplog.text
