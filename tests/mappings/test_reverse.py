"""What a mapping writes back is read again as the same; what has no way back says why."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import mappings
from mappings import CompiledMapping, load_mapping
from mappings.reverse import ReverseMapping, reverse_of
from midspan.kernel.errors import RecordError
from shared_services.contracts.entities import EntityType, entity_types
from tests.mappings.helpers import compiled, entity, field, problems_of, translate, write

FOLDER = Path(mappings.__file__).parent
CUSTOMER = entity_types()["customer"]
THING = entity(
    field("x"), field("y"), field("n", "decimal"), field("ok", "boolean"), field("on", "date")
)


def turned(folder: Path, fields: str, more: str = "", **tables: str) -> ReverseMapping:
    text = f"mapping: m\nentity: thing/1\nfields: {{{fields}}}\n{more}"
    made = write(folder, text, {f"{name}.csv": table for name, table in tables.items()})
    return reverse_of(compiled(made, THING).mapping)


def refused(turned_round: ReverseMapping, **values: Any) -> str:
    with pytest.raises(RecordError) as error:
        turned_round.write(values)
    return error.value.code


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("crm_customers", "customer"),
        ("erp_customers", "customer"),
        ("erp_products", "product"),
        ("pricelist_prices", "price"),
    ],
)
def test_the_companys_rows_come_back(name: str, wanted: str) -> None:
    """Every example's canonical row is written, and translated again to the same values."""
    problems: list[Any] = []
    mapping = load_mapping(FOLDER / f"{name}.yaml", entity_types()[wanted], problems)
    assert mapping is not None
    forward, back = CompiledMapping(mapping), reverse_of(mapping)

    for one in mapping.examples:
        if one.out is None:
            continue
        row = _row(forward, one.row)
        record = back.write({name: row[name] for name in back.reversible})
        again = _row(forward, dict(one.row) | record)

        assert {name: again[name] for name in back.reversible} == {
            name: row[name] for name in back.reversible
        }


def _row(mapping: CompiledMapping, source: Any) -> dict[str, Any]:
    done = translate(mapping, source)
    return dict(zip(mapping.entity.field_names, done.rows[0], strict=True))


def test_records_nest_as_the_paths_do(tmp_path: Path) -> None:
    """Members, first items, and records that are told by the member that selects them."""
    back = turned(
        tmp_path, "x: 'a[kind=mail|web].value', y: 'b[0].c.d', n: {path: e, via: decimal}"
    )

    record = back.write({"x": "m@x.example", "y": "deep", "n": Decimal("1.5")})

    assert record == {
        "a": [{"kind": "mail", "value": "m@x.example"}],
        "b": [{"c": {"d": "deep"}}],
        "e": Decimal("1.5"),
    }


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """A field that is not given leaves its column out; one that is None empties it."""
    back = turned(tmp_path, "x: A, y: B, on: {path: C, via: {date: {format: '%d.%m.%Y'}}}")

    assert back.write({"y": None}) == {"B": None}


def test_a_sentinel_stands_for_no_date(tmp_path: Path) -> None:
    """Where the source writes one, the way back does as well."""
    back = turned(
        tmp_path, "on: {path: C, via: {date: {format: '%Y-%m-%d', empty: ['0000-00-00']}}}"
    )

    assert back.write({"on": None}) == {"C": "0000-00-00"}


@pytest.mark.parametrize(
    ("fields", "value", "record"),
    [
        ("x: {coalesce: [A, B]}", {"x": "a"}, {"A": "a"}),
        ("x: {coalesce: [A, B]}", {"x": None}, {"A": None, "B": None}),
        ("x: {concat: [A, B], separator: '/'}", {"x": "a b/c"}, {"A": "a b", "B": "c"}),
        ("x: {concat: [{const: AT}, A], separator: '-'}", {"x": "AT-7"}, {"A": "7"}),
        ("n: {multiply: [{path: A, via: decimal}, {const: 100}]}", {"n": 200}, {"A": 2}),
        ("n: {subtract: [{const: 10}, {path: A, via: decimal}]}", {"n": 4}, {"A": 6}),
        ("n: {divide: [{path: A, via: decimal}, {const: 3}], places: 2}", {"n": 2}, {"A": 6}),
        ("x: {path: A, default: none}", {"x": "a"}, {"A": "a"}),
        ("x: {path: A, via: lower, on_error: drop_field}", {"x": "a"}, {"A": "a"}),
        ("ok: {when: [{if: {path: D, equals: X}, then: {const: false}}], else: {const: true}}",
         {"ok": False}, {"D": "X"}),
        ("ok: {when: [{if: {path: D, equals: X}, then: {const: false}}], else: {const: true}}",
         {"ok": True}, {"D": None}),
        ("x: {path: A, lookup: t.csv}", {"x": "person"}, {"A": "P"}),
        ("x: {const: always}, y: B", {"x": "always", "y": "b"}, {"B": "b"}),
    ],
)  # fmt: skip
def test_expressions_are_turned_round(
    fields: str, value: dict[str, Any], record: dict[str, Any], tmp_path: Path
) -> None:
    """Each to what it makes the same value of again."""
    back = turned(tmp_path, fields, t="source,canonical\nP,person\nF,company\n")

    assert back.write(value) == record


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("x: {concat: [A, B], separator: ' '}", "parts cannot be told apart"),
        ("x: {path: A, via: {slice: {length: 2}}}", "'slice', which has no way back"),
        ("x: {path: A, lookup: t.csv}", "'P' and 'Q' of t.csv mean the same"),
        ("n: {add: [{path: A, via: decimal}, {path: B, via: decimal}]}", "several numbers"),
        ("ok: {when: [{if: {path: D, missing: true}, then: {const: false}}], else: {const: true}}",
         "no case names"),
        ("x: {when: [{if: {path: D, equals: X}, then: A}], else: B}", "which one it was"),
        ("x: 'a[3].b'", "cannot be written alone"),
        ("y: A", "is not mapped"),
    ],
)  # fmt: skip
def test_what_has_no_way_back_says_why(fields: str, reason: str, tmp_path: Path) -> None:
    """And is never written: whoever gives it hears the reason."""
    back = turned(tmp_path, fields, t="source,canonical\nP,person\nQ,person\n")
    told = next(
        one for one in back.fields if one.name == fields[0].replace("y", "x").replace("o", "ok")
    )

    assert reason in told.reason
    assert not told.reversible
    assert refused(back, **{told.name: "some"}) == "mapping.reverse.impossible"


def test_a_preferred_code_is_the_one_that_is_written(tmp_path: Path) -> None:
    """Where several codes mean the same, the table says which."""
    table = "source,canonical,preferred\nP,person,\nQ,person,x\n"
    back = turned(tmp_path, "x: {path: A, lookup: t.csv}", t=table)

    assert back.write({"x": "person"}) == {"A": "Q"}


@pytest.mark.parametrize(
    ("fields", "values", "code"),
    [
        ("x: {path: A, lookup: t.csv}", {"x": "nobody"}, "mapping.reverse.value"),
        ("x: {const: always}", {"x": "other"}, "mapping.reverse.differs"),
        ("x: {path: A, via: lower}", {"x": "LOUD"}, "mapping.reverse.differs"),
        ("x: A, y: A", {"x": "a", "y": "b"}, "mapping.reverse.conflict"),
        ("x: {concat: [A, B], separator: '/'}", {"x": "no slash"}, "mapping.reverse.value"),
        ("x: 'a[0].v', y: 'a[k=z].v'", {"y": "b", "x": "a"}, "mapping.reverse.differs"),
        ("n: {divide: [{path: A, via: decimal}, {const: 3}], places: 0}", {"n": Decimal("1.5")},
         "mapping.reverse.differs"),
    ],
)  # fmt: skip
def test_what_would_be_read_as_another_is_refused(
    fields: str, values: dict[str, Any], code: str, tmp_path: Path
) -> None:
    """Nothing is written that the mapping would translate to something else."""
    back = turned(tmp_path, fields, t="source,canonical\nP,person\n")

    assert refused(back, **values) == code


def test_an_error_holds_no_value(tmp_path: Path) -> None:
    """Personal data stays out of what is logged."""
    back = turned(tmp_path, "x: {path: A, via: lower}")

    with pytest.raises(RecordError) as error:
        back.write({"x": "Käthe Weiß"})

    assert "Weiß" not in str(error.value)
    assert "x" in str(error.value)


DECLARED = """
reverse:
  A: {path: x, via: upper}
  "d.flag": {when: [{if: {path: ok, equals: false}, then: {const: J}}], else: {const: N}}
  S: {const: MIDSPAN}
"""


def test_a_mapping_may_say_itself_how_it_is_written(tmp_path: Path) -> None:
    """The entries are expressions over canonical fields; constants go with every record."""
    flag = "{when: [{if: {path: d.flag, equals: J}, then: {const: false}}], else: {const: true}}"
    fields = f"x: {{path: A, via: lower}}, ok: {flag}, y: B"
    back = turned(tmp_path, fields, DECLARED)

    assert back.write({"x": "abc", "ok": True}) == {"A": "ABC", "d": {"flag": "N"}, "S": "MIDSPAN"}
    assert back.write({"y": "b"}) == {"B": "b", "S": "MIDSPAN"}


def test_what_is_declared_is_proven_as_well(tmp_path: Path) -> None:
    """A declared way back that leads elsewhere is refused when it is used."""
    back = turned(tmp_path, "x: A", "reverse: {A: {path: x, via: upper}}")

    assert refused(back, x="small") == "mapping.reverse.differs"


def test_a_declared_way_back_needs_its_fields_together(tmp_path: Path) -> None:
    """One of two fields alone cannot be written."""
    declared = "reverse: {A: {concat: [x, y], separator: ' '}}"
    back = turned(tmp_path, "x: {path: A, via: {split: {}}}, y: {path: A, via: {split: {part: 1}}}",
                  declared)  # fmt: skip

    assert back.write({"x": "a", "y": "b"}) == {"A": "a b"}
    assert refused(back, x="a") == "mapping.reverse.incomplete"


def test_a_misspelt_canonical_field_is_found_in_the_file(tmp_path: Path) -> None:
    """With the nearest there is, at its place."""
    text = "mapping: m\nentity: thing/1\nfields: {x: A}\nreverse: {A: {path: xx}}\n"

    (problem,) = problems_of(write(tmp_path, text), THING)

    assert (problem.code, problem.line) == ("mapping.unknown_field", 4)
    assert "'x'" in problem.remedy


def test_the_way_back_is_no_part_of_the_version(tmp_path: Path) -> None:
    """Rows that are stored do not get old by it."""
    text = "mapping: m\nentity: thing/1\nfields: {x: A}\n"
    plain = compiled(write(tmp_path, text), THING).version

    assert compiled(write(tmp_path, text + "reverse: {A: x}\n"), THING).version == plain


def lines() -> EntityType:
    inner = (field("product"), field("quantity", "decimal"), field("place", "integer"))
    return entity(field("number"), field("lines", "records", fields=inner))


def test_order_lines_come_back(tmp_path: Path) -> None:
    """A list's items are written one by one; their place is checked and not written."""
    text = """
mapping: m
entity: thing/1
fields:
  number: VBELN
  lines:
    each:
      of: POS
      fields:
        product: {path: MATNR, via: unpad}
        quantity: {path: qty.menge, via: {decimal: {mark: ","}}}
        place: {position: 1}
"""
    mapping = compiled(write(tmp_path, text), lines()).mapping
    back = reverse_of(mapping)
    items = [{"product": "47", "quantity": Decimal("1.5"), "place": 1}]

    record = back.write({"number": "1", "lines": items})

    assert record == {"VBELN": "1", "POS": [{"MATNR": "47", "qty": {"menge": "1,5"}}]}
