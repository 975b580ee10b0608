"""Random mappings that use the whole language, and random rows for them.

What is made always loads: it is of the right kinds, and as odd as these allow.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

from mappings.conditions import TEXT_TESTS
from mappings.converters.numbers import Rounding
from mappings.expressions import ON_ERROR
from mappings.model import Operator, Unknown
from shared_services.contracts.entities import EntityType, FieldKind, FieldType
from tests.mappings.alike import VALUES
from tests.mappings.helpers import entity, field

Tree = Any
KINDS: tuple[FieldKind, ...] = ("string", "integer", "decimal", "boolean", "date", "datetime")
INNER = (field("a"), field("n", "decimal"), field("at", "integer"))
LINE = (field("s", max_length=30), *(field(f"l{kind}", kind) for kind in KINDS[1:]))
RECORDS = FieldType(
    "lines",
    "records",
    False,
    True,
    False,
    max_length=5,
    fields=(*LINE, FieldType("inner", "records", False, True, False, fields=INNER)),
)
THING: EntityType = entity(
    field("key", required=True, min_length=1, max_length=60),
    *(field(f"f{kind}", kind) for kind in KINDS),
    field("choice", choices=("x", "y", "one")),
    RECORDS,
)
TABLES = {
    "t.csv": "source,canonical,more\na,one,1\nB,two,2\n7,seven,\nx,x,3\n",
    "dated.csv": "source,canonical,valid_from,valid_to\n"
    "a,x,,2024-12-31\na,y,2025-01-01,\nB,one,,\n",
}
FUNCTIONS = """
from mappings.converters.own import converter


@converter("own_text", takes=(str,), gives="string")
def own_text(text):
    return {"a": None, "b": 5}.get(text, text[:3])


@converter("own_number", takes=(str, int), gives="integer")
def own_number(value):
    return int(value)
"""
COLUMNS: dict[str, list[Any]] = {
    "s": ["a", "B", " x ", "Graz", "7", "one"],
    "u": ["a;b", "X", "b", "Äx", "a"],
    "i": [0, 1, 7, -3, "12"],
    "d": [Decimal("1.50"), Decimal(-2), 3, "0.125", "12"],
    "b": [True, False, "J", "0"],
    "t": ["2024-12-31", "2025-01-01", date(2025, 6, 1)],
    "m": ["2025-01-01T10:00:00+02:00", datetime(2025, 1, 1, tzinfo=UTC)],
}
OF_KIND: dict[FieldKind, str] = dict(zip(KINDS, "sidbtm", strict=True))
TO: dict[FieldKind, list[Tree]] = {
    "string": ["trim", {"pad": {"length": 3}}, {"phone": {"country_from": "s"}}, "own_text"],
    "integer": ["integer", "own_number"],
    "decimal": ["decimal", {"decimal": {"mark": ","}}],
    "boolean": ["boolean", {"boolean": {"yes": ["J", "x"], "no": ["0", ""]}}],
    "date": ["date", {"date": {"format": "%Y-%m-%d"}}],
    "datetime": ["datetime", {"datetime": {"zone": "Europe/Vienna"}}],
}
CONSTANTS: dict[FieldKind, list[Any]] = {
    "string": ["one", "x", "é"],
    "integer": [0, 7, -1],
    "decimal": [1.5, 0.25],
    "boolean": [True, False],
}
BOUNDS: dict[FieldKind, list[Any]] = {
    "decimal": [-2, 0, 1.5, 7],
    "date": ["2024-12-31", "2025-06-01"],
    "datetime": ["2025-01-01T08:00:00+00:00"],
}


class Generator:
    """Makes expressions of one seed; some of its mappings give fields up rather than rows."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._levels = 0
        self._lenient = rng.choice((0.5, 0.9, 1))

    def mapping(self) -> Tree:
        """Return a whole mapping file as a tree."""
        return {
            "mapping": "m",
            "entity": "thing/1",
            "filter": [self._filter()] * self._rng.randrange(2),
            "fields": {spec.name: self._field(spec) for spec in THING.fields},
            "checks": {"check": self._read("string", 0)},
        }

    def _filter(self) -> Tree:
        return {"when": self.condition(2), "reason": "left out"}

    def _field(self, spec: FieldType) -> Tree:
        tree = self._list(spec) if spec.kind == "records" else self.of(spec.kind, 3)
        if spec.required or spec.choices:
            fallback = "one" if spec.choices else "nobody"
            return {"coalesce": [tree], "via": "text", "default": fallback, "on_error": "default"}
        chosen = self._rng.choice(ON_ERROR)
        if self._rng.random() < self._lenient:
            chosen = "drop_field"
        if chosen == "default" and "default" not in tree:
            return tree
        return (tree if isinstance(tree, dict) else {"path": tree}) | {"on_error": chosen}

    def _list(self, spec: FieldType) -> Tree:
        of = self._rng.choice(("lines", {"coalesce": ["lines", "l"]}))
        if self._levels:
            of = self._rng.choice(("lines", "@", "$.lines"))
        self._levels += 1
        made = {name.name: self._field(name) for name in spec.fields}
        tree = {"of": of, "fields": made, "filter": [self._filter()] * self._rng.randrange(2)}
        self._levels -= 1
        return {"each": tree} | self._rng.choice(({}, {"default": []}))

    def of(self, kind: FieldKind, depth: int) -> Tree:
        """Return an expression of a kind, or of one that only the row knows."""
        ways: list[Callable[[FieldKind, int], Tree]] = [self._read, self._converted]
        if depth:
            ways += [self._coalesce, self._when, self._defaulted]
            ways += [self._text] * 3 if kind == "string" else []
            ways += [self._sum] * 3 if kind == "decimal" else []
        if kind in CONSTANTS:
            ways.append(self._constant)
        if kind == "integer" and self._levels:
            ways.append(lambda _kind, _depth: {"position": self._rng.randrange(3)})
        return self._rng.choice(ways)(kind, max(depth - 1, 0))

    def path(self, kind: FieldKind = "string") -> str:
        """Return a path, most often to values of a kind."""
        name = OF_KIND[kind] if self._rng.random() < 0.8 else self._rng.choice(list(COLUMNS))
        ends = (f"n.{name}", "l[0]", f"lines[-1].{name}", f"lines[u=X|a].{name}", "l")
        end = name if self._rng.random() < 0.7 else self._rng.choice(ends)
        if not self._levels:
            return end
        return self._rng.choice((end, end, f"^.{end}", f"$.{end}", "@"))

    def _read(self, kind: FieldKind, _depth: int) -> Tree:
        path = self.path(kind)
        return self._rng.choice((path, {"path": path}))

    def _converted(self, kind: FieldKind, _depth: int) -> Tree:
        step = self._rng.choice(TO[kind])
        return {"path": self.path(kind), "via": self._rng.choice((step, [step]))}

    def _constant(self, kind: FieldKind, _depth: int) -> Tree:
        return {"const": self._rng.choice(CONSTANTS[kind])}

    def _coalesce(self, kind: FieldKind, depth: int) -> Tree:
        return {"coalesce": [self.of(kind, depth) for _ in range(self._rng.randrange(1, 4))]}

    def _when(self, kind: FieldKind, depth: int) -> Tree:
        cases = [
            {"if": self.condition(depth), "then": self.of(kind, depth)}
            for _ in range(self._rng.randrange(1, 3))
        ]
        return {"when": cases} | ({"else": self.of(kind, depth)} if depth else {})

    def _defaulted(self, kind: FieldKind, depth: int) -> Tree:
        if kind not in CONSTANTS:
            return self._coalesce(kind, depth)
        constant = self._rng.choice(CONSTANTS[kind])
        return {**self._converted(kind, depth), "default": constant}

    def _text(self, kind: FieldKind, depth: int) -> Tree:
        some = [self.of(kind, depth) for _ in range(self._rng.randrange(1, 4))]
        number = {"coalesce": [self.of("decimal", depth)], "via": "text"}
        spelt = "".join(f"{{{self.path()}}}-" for _ in range(self._rng.randrange(1, 3)))
        joined = {"concat": some, "separator": self._rng.choice(("", " ", "/"))}
        return self._rng.choice(
            (joined, {"format": f"<{spelt}{{{{}}}}"}, number, self._lookup(), self._lookup())
        )

    def _lookup(self) -> Tree:
        told: Tree = {
            "table": "t.csv",
            "column": self._rng.choice(("canonical", "more")),
            "unknown": self._rng.choice(get_args(Unknown)),
            "trim": self._rng.random() < 0.5,
            "ignore_case": self._rng.random() < 0.5,
        }
        if self._rng.random() < 0.5:
            told |= {"table": "dated.csv", "column": "canonical", "at": self.of("date", 1)}
        looked_up = {"path": self.path(), "lookup": self._rng.choice((told, told, "t.csv"))}
        return looked_up | self._rng.choice(({}, {"default": "one"}, {"via": "upper"}))

    def _sum(self, _kind: FieldKind, depth: int) -> Tree:
        operator = self._rng.choice(get_args(Operator))
        count = 2 if operator in ("subtract", "divide") else self._rng.randrange(2, 4)
        tree: Tree = {operator: [self.of("decimal", depth) for _ in range(count)]}
        if operator == "divide" or self._rng.random() < 0.5:
            rounding = self._rng.choice(get_args(Rounding))
            tree |= {"places": self._rng.randrange(5), "rounding": rounding}
        return tree

    def condition(self, depth: int) -> Tree:
        """Return a condition, of a group or of one value."""
        if depth and self._rng.random() < 0.4:
            inner = [self.condition(depth - 1) for _ in range(self._rng.randrange(1, 3))]
            return self._rng.choice(({"all": inner}, {"any": inner}, {"not": inner[0]}))
        return self._rng.choice((self._equal, self._bounded, self._spelt))(depth)

    def _equal(self, _depth: int) -> Tree:
        values = ["a", "X", 1, True, 1.5, "7", "2025-01-01"]
        test: Tree = self._rng.choice(
            ({"equals": self._rng.choice(values)}, {"in": self._rng.sample(values, 3)})
        )
        if self._rng.random() < 0.3:
            test = {"missing": self._rng.random() < 0.5}
        return {"path": self.path(self._rng.choice(KINDS))} | test

    def _bounded(self, depth: int) -> Tree:
        kind = self._rng.choice(sorted(BOUNDS))
        names = self._rng.choice((["above"], ["at_most"], ["at_least", "below"]))
        of = self.of(kind, depth)
        of = {"path": of} if isinstance(of, str) else of
        return of | {name: self._rng.choice(BOUNDS[kind]) for name in names}

    def _spelt(self, _depth: int) -> Tree:
        test, texts = self._rng.choice(TEXT_TESTS), ["a", "X", "[a-z]+", "é|x"]
        value = self._rng.choice((self._rng.choice(texts), self._rng.sample(texts, 2)))
        return {"path": self.path(), test: value}


def row(rng: random.Random, hostile: float) -> dict[str, Any]:
    """Return a row whose values are mostly what the columns hold."""
    made = _record(rng, hostile)
    lines = [_record(rng, hostile) for _ in range(rng.randrange(4))]
    for line in lines:
        line["lines"] = [_record(rng, hostile) for _ in range(rng.randrange(3))]
        line["l"] = [rng.choice(COLUMNS["s"])] * rng.randrange(3)
    nested: dict[str, Any] = {"n": _record(rng, hostile), "l": ["a", "B"], "lines": lines}
    if rng.random() < hostile:
        nested[rng.choice(list(nested))] = rng.choice(VALUES)
    return made | nested


def _record(rng: random.Random, hostile: float) -> dict[str, Any]:
    return {
        name: rng.choice(VALUES) if rng.random() < hostile else rng.choice([*good, None, ""])
        for name, good in COLUMNS.items()
    }


def things_in(item: Any) -> Iterator[Any]:
    """Yield all parts of a mapping's tree: dataclasses and what stands in them."""
    yield item
    if isinstance(item, tuple | list):
        for one in item:
            yield from things_in(one)
    elif isinstance(item, dict):
        yield from things_in(list(item.values()))
    elif is_dataclass(item) and not isinstance(item, FieldType):
        for spec in fields(item):
            yield from things_in(getattr(item, spec.name))


def keys_in(tree: Tree) -> Iterator[str]:
    """Yield all keys of a file's tree."""
    if isinstance(tree, list):
        for one in tree:
            yield from keys_in(one)
    elif isinstance(tree, dict):
        yield from tree
        yield from keys_in(list(tree.values()))
