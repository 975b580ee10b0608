"""Makes canonical fields of matched slots: one column, or several put together.

Each field says which columns it reads, how sure that is, what share of the sample converts,
and why. Nothing here shows a value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mappings.suggest import choosing, converting
from mappings.suggest.columns import Column
from mappings.suggest.converting import Converted, Expression
from mappings.suggest.matching import CONFIDENT, Match
from shared_services.contracts.entities import EntityType, FieldType

PARTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("customer", "name"): ("name", "first_name", "last_name", "company", "name_extra"),
    ("customer", "street"): ("street", "house_number", "street_extra"),
    ("customer", "phone"): ("phone", "mobile"),
    ("customer", "marketing_consent"): ("marketing_consent", "no_marketing"),
    ("customer", "active"): ("active", "inactive"),
    ("product", "active"): ("active", "inactive"),
}
"""The slots of fields that more than one kind of column may feed."""

_DERIVED = 0.55
_GUESSED = 0.45
_ENOUGH_TO_GUESS = 0.6
_FAIR = 0.5
_NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class Line:
    """One suggested field: its expression as a mapping file writes it, and why.

    ``columns`` are the paths its value is made of, the one it chiefly comes from first;
    ``converts`` is the share of the sampled values that its converter takes, None where
    nothing can be said.
    """

    field: str
    expression: Expression
    columns: tuple[str, ...]
    confidence: float
    evidence: tuple[str, ...]
    converts: float | None = None
    rivals: tuple[tuple[str, float], ...] = ()

    @property
    def confident(self) -> bool:
        """Whether it is meant to be wrong at most once in twenty times."""
        return self.confidence >= CONFIDENT


def slots_of(entity: EntityType) -> list[str]:
    """Return every slot of an entity's fields."""
    found = [slot for field in entity.fields for slot in _slots(entity, field.name)]
    return list(dict.fromkeys(found))


def compose(entity: EntityType, matches: Mapping[str, Match]) -> list[Line]:
    """Return a line for each field that something was found for, in the entity's order."""
    lines = (_line(entity, field, matches) for field in entity.fields)
    return [line for line in lines if line is not None]


def _slots(entity: EntityType, field: str) -> tuple[str, ...]:
    return PARTS.get((entity.name, field), (field,))


def _line(entity: EntityType, field: FieldType, matches: Mapping[str, Match]) -> Line | None:
    special = _COMPOSED.get((entity.name, field.name))
    if special is not None:
        return special(matches)
    if field.name == "active":
        return _either("active", "inactive", matches, converting.negated)
    found = matches.get(field.name)
    if found is None:
        return None
    return _single(field.name, found, choosing.converted(field, found.pair.column, matches))


def _single(field: str, found: Match, converted: Converted, *more: str) -> Line:
    return Line(
        field,
        converted.expression,
        (found.pair.column.path,),
        found.confidence,
        (*why(found), *more, *((converted.note,) if converted.note else ())),
        converted.share,
        tuple((one.column.path, one.score) for one in found.rivals),
    )


def why(found: Match) -> list[str]:
    """Return the evidence for a match: what the name and what the values say."""
    pair = found.pair
    said = []
    if pair.named.family:
        said.append(f"a name of {pair.named.family}")
    elif pair.named.score > 0:
        said.append(f"name {pair.column.texts[0]} ~ {pair.named.phrase} ({pair.named.score:.2f})")
    if pair.fit.words:
        said.append(f"values: {pair.fit.words}")
    return said


def _name(matches: Mapping[str, Match]) -> Line | None:
    full, company = matches.get("name"), matches.get("company")
    first, last, extra = (matches.get(one) for one in ("first_name", "last_name", "name_extra"))
    # A part that the sample shows nothing of would only make the expression longer.
    company, extra = (
        one if one and not one.pair.column.profile.empty else None for one in (company, extra)
    )
    persons = first is not None and last is not None
    if full is not None and not _outdone(full, company, first, last):
        if not (persons and first and last and full.pair.column.profile.filled < _NEARLY_ALL):
            return _full_name(full, extra)
        # A name that persons lack is a company's.
        company = full
    if persons and first and last:
        return _put_together(first, last, company)
    only = company or full or last
    return _full_name(only, extra) if only else None


def _outdone(full: Match, company: Match | None, first: Match | None, last: Match | None) -> bool:
    """Return whether other columns make the name better than the one that looks like it."""
    others = [one.confidence for one in (first, last) if one]
    if len(others) == 2 and min(others) > full.confidence:
        return True
    return company is not None and company.confidence > full.confidence + 0.15


def _full_name(full: Match, extra: Match | None) -> Line:
    column = full.pair.column
    beside = extra is not None and extra.pair.column.path.rstrip("0123456789_ ") == (
        column.path.rstrip("0123456789_ ")
    )
    if extra is None or not beside:
        return _single("name", full, converting.text(column, "collapse"))
    parts = [column.path, extra.pair.column.path]
    expression = {"concat": parts, "separator": " ", "via": "collapse"}
    return Line("name", expression, tuple(parts), full.confidence, tuple(why(full)))


def _put_together(first: Match, last: Match, company: Match | None) -> Line:
    person = [first.pair.column.path, last.pair.column.path]
    expression: Expression = {"concat": person, "separator": " "}
    evidence = [*why(first), *why(last)]
    columns = [*person]
    if company is not None:
        column = company.pair.column
        # What is blank is there, and nobody's name.
        first_of = converting.tested(column) if column.profile.padded else column.path
        expression = {"coalesce": [first_of, expression]}
        columns, evidence = [column.path, *person], [*why(company), *evidence]
    certain = min(first.confidence, last.confidence)
    return Line("name", {**expression, "via": "collapse"}, tuple(columns), certain, tuple(evidence))


def _street(matches: Mapping[str, Match]) -> Line | None:
    street, house = matches.get("street"), matches.get("house_number")
    if street is None:
        return None
    column = street.pair.column
    if house is None or house.confidence < _FAIR:
        return _single("street", street, converting.text(column, "collapse"))
    number = house.pair.column
    part: Expression = (
        {"path": number.path, "via": "text"} if number.profile.numeric else number.path
    )
    expression = {"concat": [column.path, part], "separator": " ", "via": "collapse"}
    evidence = (*why(street), *why(house))
    certain = min(street.confidence, house.confidence)
    return Line("street", expression, (column.path, number.path), certain, evidence)


def _phone(matches: Mapping[str, Match]) -> Line | None:
    found = matches.get("phone") or matches.get("mobile")
    if found is None:
        return None
    return _single("phone", found, choosing.by_country(found.pair.column, "phone", matches))


def _consent(matches: Mapping[str, Match]) -> Line | None:
    return _either("marketing_consent", "no_marketing", matches, converting.negated)


def _either(
    slot: str,
    opposite: str,
    matches: Mapping[str, Match],
    negate: Callable[[Column], Converted],
) -> Line | None:
    """Return a yes and no from the column that says it, or from the one that denies it."""
    told, denied = matches.get(slot), matches.get(opposite)
    if told is not None and (denied is None or told.confidence >= denied.confidence):
        return _single(slot, told, converting.boolean(told.pair.column))
    if denied is None:
        return None
    return _single(slot, denied, negate(denied.pair.column), "says the opposite")


def _kind(matches: Mapping[str, Match]) -> Line | None:
    found = matches.get("kind")
    if found is not None:
        return _single("kind", found, converting.kind(found.pair.column))
    company, name = matches.get("company"), matches.get("name")
    if (
        company is not None
        and not company.pair.column.profile.empty
        and matches.get("last_name") is not None
    ):
        column = company.pair.column
        case = {"if": {**converting.tested(column), "missing": True}, "then": {"const": "person"}}
        expression = {"when": [case], "else": {"const": "company"}}
        why_so = ("a company where that is filled",)
        return Line("kind", expression, (column.path,), _DERIVED, why_so)
    if company is None and name is None and matches.get("last_name") is not None:
        return Line("kind", {"const": "person"}, (), _GUESSED, ("there are names of persons only",))
    return _kind_by_names(company or name)


def _kind_by_names(named: Match | None) -> Line | None:
    if named is None:
        return None
    profile = named.pair.column.profile
    for share, kind in ((profile.company, "company"), (profile.person, "person")):
        if share >= _ENOUGH_TO_GUESS:
            evidence = (f"nothing says it; {share:.0%} of the names look like one",)
            return Line("kind", {"const": kind}, (), _GUESSED, evidence)
    return None


_COMPOSED: dict[tuple[str, str], Callable[[Mapping[str, Match]], Line | None]] = {
    ("customer", "kind"): _kind,
    ("customer", "name"): _name,
    ("customer", "street"): _street,
    ("customer", "phone"): _phone,
    ("customer", "marketing_consent"): _consent,
}
