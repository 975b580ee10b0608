"""Golden files: rows that cover a mapping, masked, that still go the way they went."""

import json
from pathlib import Path
from typing import Any

import pytest

import mappings
from examples.company.crm.people import crm_customers
from mappings import CompiledMapping
from mappings.proving.capture import Capture, capture
from mappings.proving.goldens import failed_rows, golden_path, read_golden, write_golden, written
from midspan.kernel.errors import ConfigurationError
from shared_services.contracts.entities import entity_types
from tests.mappings.helpers import CUSTOMER, compiled, entity, field, write

KEY = b"k" * 32
MAPPING = """
mapping: m
entity: customer/1
filter: [{when: {path: STATE, in: [X, Y]}, reason: archived}]
fields:
  kind: {when: [{if: {path: VAT, missing: true}, then: {const: person}}], else: {const: company}}
  name: {concat: [FIRST, LAST], separator: " ", via: collapse}
  email: {path: "contacts[type=email].value", via: email}
  phone: {path: "contacts[type=phone].value", via: {phone: {country: AT}}}
  tax_id: {path: VAT, via: {tax_id: {country: AT}}}
  city: {path: home.city}
  country: {path: home.country, lookup: countries.csv}
  active: {path: ACTIVE, via: boolean}
personal: [REMARK]
checks: {REMARK: REMARK}
"""
TABLES = {"countries.csv": "source,canonical\\n1,AT\\n2,DE\\n3,CH\\n".replace("\\n", "\n")}
PLANTED = ("Käthe", "Weissenbacher", "kaethe", "weiss", "6641234567", "Hallein", "owes", "13585627")


def row(**more: Any) -> dict[str, Any]:
    return {
        "FIRST": "Käthe",
        "LAST": "Weissenbacher",
        "VAT": None,
        "STATE": "A",
        "ACTIVE": "J",
        "REMARK": "owes us 40 euros",
        "SECRET": "hunter2",
        "contacts": [
            {"type": "email", "value": "kaethe@weiss.example", "note": "hunter2"},
            {"type": "phone", "value": "0664 1234567", "note": "hunter2"},
        ],
        "home": {"city": "Hallein", "country": "1", "note": "hunter2"},
    } | more


ROWS = [
    row(),
    row(),
    row(VAT="ATU 1358.5627"),
    row(VAT="ATU 1358.5628"),
    row(STATE="X"),
    row(STATE="Y", FIRST=None),
    row(ACTIVE="perhaps"),
    row(home={"city": "Hallein", "country": "2"}),
    row(home={"city": "Hallein", "country": "9"}),
    row(contacts=[{"type": "email", "value": "kaethe at weiss"}]),
    row(contacts=[]),
    row(FIRST=None, LAST=None),
]


@pytest.fixture
def mapping(tmp_path: Path) -> CompiledMapping:
    return compiled(write(tmp_path, MAPPING.lstrip(), TABLES), CUSTOMER)


def lines(found: Capture) -> list[str]:
    return [json.dumps(written(one), ensure_ascii=False) for one in found.rows]


def test_rows_of_every_way_are_captured_once(mapping: CompiledMapping) -> None:
    """Each branch, each code, each refusal, each empty field; a row that shows no more is not."""
    found = capture(mapping, ROWS, KEY, 50)

    ends = [one.outcome.code or one.outcome.filtered or "out" for one in found.rows]
    assert sorted(ends) == sorted(
        ["out"] * 4
        + ["archived"] * 2
        + ["mapping.tax_id.invalid", "mapping.boolean.invalid", "mapping.lookup.unknown"]
        + ["mapping.email.invalid", "mapping.required"]
    )
    assert (found.given_up, found.left_out) == (0, 0)


def test_nothing_personal_and_nothing_unread_is_captured(mapping: CompiledMapping) -> None:
    """Neither a planted name nor a member that no path leads to; codes stay as they are."""
    text = "\n".join(lines(capture(mapping, ROWS, KEY, 50)))

    assert [word for word in (*PLANTED, "hunter2", "SECRET", "note") if word in text] == []
    assert '"type": "email"' in text
    assert '"country": "2"' in text


def test_masks_keep_the_shape_of_what_they_stand_for(mapping: CompiledMapping) -> None:
    """An e-mail address stays one, a telephone number is dialled, a tax id has right digits."""
    (one,) = [
        golden.outcome.values
        for golden in capture(mapping, ROWS, KEY, 50).rows
        if golden.outcome.values and golden.outcome.values["tax_id"]
    ]

    assert one["name"][5] == " "
    assert [part.istitle() for part in one["name"].split()] == [True, True]
    assert one["email"].endswith(".example")
    assert one["phone"].startswith("+436")
    assert len(one["phone"]) == len("+436641234567")
    assert one["tax_id"].startswith("ATU")


def test_one_value_has_one_mask_and_another_key_another(mapping: CompiledMapping) -> None:
    """A file that is captured again does not change; without the key nobody can try names."""
    again = [lines(capture(mapping, ROWS, KEY, 50)) for _ in range(2)]
    other = lines(capture(mapping, ROWS, b"x" * 32, 50))

    assert again[0] == again[1]
    assert again[0] != other
    names = {json.loads(line)["in"].get("LAST") for line in again[0]} - {None}
    assert len(names) == 1


def test_a_word_for_nothing_is_no_secret(tmp_path: Path) -> None:
    """It stands in the mapping: rows that hold it in a personal field are captured as well."""
    text = (
        "mapping: m\nentity: customer/1\nfields:\n  kind: {const: person}\n  name: N\n"
        "  email: {path: MAIL, via: [{null_if: {values: [n/a, kein Mail]}}, email]}\n"
    )
    mails = ("n/a", " N/A ", "Kein Mail", "a@huber.example")
    rows = [{"N": "Huber", "MAIL": one} for one in mails]

    done = capture(compiled(write(tmp_path, text), CUSTOMER), rows, KEY, 50)

    assert done.given_up == 0
    assert {one.row["MAIL"] for one in done.rows} & {"n/a", " N/A ", "Kein Mail"}
    assert "a@huber.example" not in "".join(lines(done))


def test_a_row_that_cannot_be_masked_alike_is_left_out(tmp_path: Path) -> None:
    """A filter on a personal value: no stand-in is spelt like it, and the value is not kept."""
    text = (
        "mapping: m\nentity: thing/1\nfields: {name: N}\n"
        "filter: [{when: {path: N, matches: 'Weiss.*'}, reason: family}]\n"
    )
    private = type(field("name"))("name", "string", True, False, True)
    small = compiled(write(tmp_path, text), entity(private))

    found = capture(small, [{"N": "Weissenbacher"}, {"N": "Gruber"}], KEY, 50)

    assert (len(found.rows), found.given_up) == (1, 1)


def test_at_most_as_many_rows_are_kept_as_wanted(mapping: CompiledMapping) -> None:
    """Those that show most come first, and what is left out is counted."""
    found = capture(mapping, ROWS, KEY, 3)

    assert len(found.rows) == 3
    assert found.left_out == found.shapes - 3


def test_a_golden_file_comes_true_until_the_mapping_changes(
    tmp_path: Path, mapping: CompiledMapping
) -> None:
    """What is written is read again, and a changed rule is told field by field."""
    file = write_golden(mapping, "old.customers", capture(mapping, ROWS, KEY, 50).rows)
    golden = read_golden(mapping.mapping)
    changed = compiled(
        write(tmp_path, MAPPING.lstrip().replace("city: {path", "city: {via: upper, path"), TABLES),
        CUSTOMER,
    )

    assert golden is not None
    assert failed_rows(mapping, golden) == []
    failures = failed_rows(changed, golden)
    assert {one.problem.file for one in failures} == {file}
    assert {one.field for failure in failures for one in failure.differences} == {"city"}
    assert [failure.problem.line for failure in failures] == [
        one.line for one in golden.rows if one.outcome.values is not None
    ]


def test_a_row_that_is_refused_or_left_out_otherwise_is_told(
    tmp_path: Path, mapping: CompiledMapping
) -> None:
    """Refused where it was left out, and translated where it was refused."""
    write_golden(mapping, "old.customers", capture(mapping, ROWS, KEY, 50).rows)
    golden = read_golden(mapping.mapping)
    text = (
        MAPPING.lstrip()
        .replace("in: [X, Y]", "in: [X]")
        .replace("boolean}", "boolean, default: true, on_error: default}")
    )
    changed = compiled(write(tmp_path, text, TABLES), CUSTOMER)

    assert golden is not None
    said = " ".join(one.problem.message for one in failed_rows(changed, golden))
    assert "left out as 'archived', but it was" in said
    assert "active [mapping.boolean.invalid], but it was translated" in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]\n",
        '{"mapping": "other", "version": "1"}\n',
        '{"mapping": "m", "version": "1"}\nno json\n',
        '{"mapping": "m", "version": "1"}\n{"in": {}}\n',
        '{"mapping": "m", "version": "1"}\n{"in": 1, "out": {}}\n',
        '{"mapping": "m", "version": "1"}\n{"in": {"a": {"$decimal": "x"}}, "out": {}}\n',
        '{"mapping": "m", "version": "1"}\n{"in": {"a": {"$eval": "1"}}, "out": {}}\n',
        '{"mapping": "m", "version": "1"}\n' + "[" * 100_000 + "\n",
    ],
)
def test_a_damaged_golden_file_is_told_at_its_line(mapping: CompiledMapping, text: str) -> None:
    """Never taken for a file without rows, and never a crash."""
    file = golden_path(mapping.mapping)
    file.parent.mkdir()
    file.write_text(text)

    with pytest.raises(ConfigurationError) as raised:
        read_golden(mapping.mapping)

    assert {one.code for one in raised.value.problems} == {"mapping.golden"}
    assert all(one.line for one in raised.value.problems)


def test_the_crms_rows_are_captured_without_a_name_of_its_customers() -> None:
    """Two hundred names, addresses and numbers; not one is in the file."""
    file = Path(mappings.__file__).parent / "crm_customers.yaml"
    rows = [one.row for one in crm_customers()]

    found = capture(compiled(file, entity_types()["customer"]), rows, KEY, 50)

    text = "\n".join(lines(found))
    personal = ("NAME1", "NAME2", "MAIL", "TEL", "UID_NR", "STR", "ORT")
    words = {str(one[name]) for one in rows for name in personal if one[name]}
    assert [word for word in words if len(word) > 3 and f'"{word}"' in text] == []
    assert found.given_up == 0
    assert {one.outcome.code for one in found.rows} >= {
        "mapping.email.invalid",
        "mapping.phone.invalid",
        "mapping.required",
    }
