"""A change that breaks an app is told before it is released."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from click.testing import CliRunner
from msgspec import Meta, Struct

from midspan.cli.main import main
from midspan.kernel.errors import MidspanError
from shared_services.contracts import releases
from shared_services.contracts.compatibility import Change, changes
from shared_services.contracts.releases import as_json, changes_since_release, last_release
from shared_services.contracts.schemas import PERSONAL, Schema, published, schema_of


class Base(Struct, kw_only=True):
    """What the others differ from."""

    name: str
    size: Literal["s", "m"] = "s"
    note: Annotated[str, Meta(max_length=10)] | None = None


class Added(Base, kw_only=True):
    """One optional field more."""

    more: int = 0


class AddedRequired(Base, kw_only=True):
    """One required field more."""

    more: int


class Removed(Struct, kw_only=True):
    """No note."""

    name: str
    size: Literal["s", "m"] = "s"


class Retyped(Base, kw_only=True):
    """A number for a name."""

    name: int  # type: ignore[assignment]  # another type on purpose


class Nullable(Base, kw_only=True):
    """A name that may be missing its value."""

    name: str | None  # type: ignore[assignment]  # another type on purpose


class Wider(Base, kw_only=True):
    """One choice more."""

    size: Literal["s", "m", "l"] = "s"  # type: ignore[assignment]  # another type on purpose


class Narrower(Base, kw_only=True):
    """One choice less."""

    size: Literal["s"] = "s"


class Shorter(Base, kw_only=True):
    """A stricter limit."""

    note: Annotated[str, Meta(max_length=5)] | None = None


class Optional(Base, kw_only=True):
    """A name that may be left out."""

    name: str = ""


class OtherDefault(Base, kw_only=True):
    """Another size where none is given."""

    size: Literal["s", "m"] = "m"


class Patterned(Base, kw_only=True):
    """A name of a certain form."""

    name: Annotated[str, Meta(pattern="^[A-Z]")]


def message(type_: type[Struct], part: str) -> dict[str, Schema]:
    """Return a set with one message of one part."""
    return {"thing.done.v1": {"kind": "test", part: schema_of(type_)}}


@pytest.mark.parametrize(
    ("after", "what", "in_request", "in_event"),
    [
        (Added, ".more: added", False, False),
        (AddedRequired, ".more: added, required", True, False),
        (Removed, ".note: removed", True, True),
        (Retyped, ".name: type string removed", True, False),
        (Retyped, ".name: type integer added", False, True),
        (Nullable, ".name: type null added", False, True),
        (Wider, ".size: choice 'l' added", False, True),
        (Narrower, ".size: choice 'm' removed", True, False),
        (Shorter, ".note: maxLength stricter", True, False),
        (Optional, ".name: became optional", False, True),
        (OtherDefault, ".size: default changed", True, False),
        (Patterned, ".name: pattern changed", True, True),
    ],
)
def test_each_change_breaks_whom_it_breaks(
    after: type[Struct], what: str, in_request: bool, in_event: bool
) -> None:
    """The side that reads must understand the side of yesterday."""
    for part, breaking in (("request", in_request), ("event", in_event)):
        found = changes(message(Base, part), message(after, part))

        told = {f"{one.place}: {one.what}": one.breaking for one in found}
        assert told[f"thing.done.v1 {part}{what}"] is breaking, told


def test_a_personal_mark_that_comes_or_goes_breaks() -> None:
    """Either data leaks that was guarded, or apps lose what they could read."""
    plain, marked = message(Base, "event"), message(Base, "event")
    marked["thing.done.v1"]["event"]["$defs"]["Base"]["properties"]["name"][PERSONAL] = True

    for old, new in ((plain, marked), (marked, plain)):
        assert [one.breaking for one in changes(old, new)] == [True]


def test_messages_come_and_go() -> None:
    """A new message breaks nobody; one that is gone does, and so does another center."""
    some = message(Base, "event")
    here, there = ({"a.b.v1": {"kind": "method", "center": one}} for one in ("here", "there"))

    assert changes({}, some) == [Change("thing.done.v1", "added", breaking=False)]
    assert changes(some, {}) == [Change("thing.done.v1", "removed", breaking=True)]
    assert [one.breaking for one in changes(here, there)] == [True]


def test_todays_contracts_break_nobody_who_speaks_the_last_release() -> None:
    """The tree is held to what was released."""
    assert last_release().number >= 1
    assert [one for one in changes_since_release() if one.breaking] == []


def without_country() -> dict[str, Any]:
    """Return today's contracts as if customers had no country."""
    found = published()
    reply = found["customer.get.v1"]["reply"]["$defs"]["Customer"]
    del reply["properties"]["country"]
    return found


def test_diff_tells_and_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of each change is named, so that CI says what to mend."""
    runner = CliRunner()
    assert runner.invoke(main, ["contracts", "diff"]).exit_code == 0
    monkeypatch.setattr(releases, "published", without_country)

    told = runner.invoke(main, ["contracts", "diff"])

    assert told.exit_code == 1
    assert "customer.get.v1 reply.country" in told.output
    assert "1 breaking" in told.output


def test_a_release_that_breaks_is_refused_unless_it_is_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A release is a file of its own, and earlier ones stay as they are."""
    before = last_release()
    assert releases.write_release(tmp_path) is None
    monkeypatch.setattr(releases, "published", without_country)

    with pytest.raises(MidspanError) as refused:
        releases.write_release(tmp_path)
    file = releases.write_release(tmp_path, breaking=True)

    assert refused.value.code == "contracts.breaking"
    assert file == tmp_path / f"{before.number + 1}.json"
    assert file.read_text() == as_json(without_country())
    assert last_release() == before
