"""What stands for an empty value or a reference becomes one; every other value stays."""

from typing import Any

import pytest

from adapters.rpc.shape import Shaper
from adapters.rpc.spec import ValuesSpec


def shaped(value: Any, spec: ValuesSpec, name: str = "field") -> Any:
    return Shaper(spec, None, ("active",)).record({name: value})[name]


@pytest.mark.parametrize("null", [False, {}, [], "", "0000-00-00", 0, 1], ids=repr)
def test_only_what_is_named_is_null(null: Any) -> None:
    """Values that Python takes for equal (0 and false, 1 and true) are told apart."""
    others = [False, True, 0, 1, "", "0000-00-00", "0", {}, [], {"a": "b"}, ["a"]]
    spec = ValuesSpec(nulls=(null,))

    assert shaped(null, spec) is None
    for other in others:
        if (type(other), other) != (type(null), null):
            assert shaped(other, spec) == other
            assert type(shaped(other, spec)) is type(other)


def test_a_boolean_keeps_its_false() -> None:
    """At every depth, by its own name."""
    spec = ValuesSpec(nulls=(False,))

    assert shaped(False, spec, "active") is False
    assert shaped({"active": False, "phone": False}, spec) == {"active": False, "phone": None}
    assert shaped([{"active": False, "phone": False}], spec) == [{"active": False, "phone": None}]


@pytest.mark.parametrize(
    ("pairs", "value"),
    [("keep", [7, "Anna"]), ("id", 7), ("name", "Anna"), ("both", {"id": 7, "name": "Anna"})],
)
def test_a_reference_becomes_what_is_wanted(pairs: Any, value: Any) -> None:
    """Lists of ids are no references."""
    spec = ValuesSpec(pairs=pairs)

    assert shaped([7, "Anna"], spec) == value
    assert shaped([7, 8], spec) == [7, 8]
    assert shaped([True, "x"], spec) == [True, "x"]
