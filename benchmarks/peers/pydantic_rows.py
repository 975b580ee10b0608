"""Translates the benchmark's rows with pydantic models, as its documentation shows it."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from benchmarks.frame import tell
from benchmarks.mapping_rows import LOCAL, PLAIN
from benchmarks.mappings import run
from mappings.converters.codes import COUNTRIES, LANGUAGES

_ZONE = ZoneInfo("Europe/Vienna")
_KINDS = {"P": "person", "F": "company"}
_ACTIVE = {"0": True, "1": False}
_NUMBERED = {"1": "AT", "2": "DE", "3": "CH"}
_SHORT = {"D": "de", "E": "en", "F": "fr"}


def _listed(known: frozenset[str], text: str) -> str:
    if text not in known:
        raise ValueError("not listed")
    return text


_Empty = BeforeValidator(lambda text: text or None)
_Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=16)]
_City = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
_Mail = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, to_lower=True)]
_Kind = Annotated[Literal["person", "company"], BeforeValidator(_KINDS.__getitem__)]


class Plain(BaseModel):
    """A customer; each field is read from its legacy column."""

    model_config = ConfigDict(extra="ignore")

    code: _Code = Field(alias="KUNNR")
    name: _Name = Field(alias="NAME1")
    department: _Line | None = Field(alias="NAME2")
    street: _Line | None = Field(alias="STRAS")
    postal_code: _Short | None = Field(alias="PSTLZ")
    city: _City | None = Field(alias="ORT01")
    country: Annotated[Literal["AT", "DE", "CH"], BeforeValidator(_NUMBERED.__getitem__)] = Field(
        alias="LAND1"
    )
    email: _Mail | None = Field(alias="SMTP")
    kind: _Kind = Field(alias="KTOKD")
    active: Annotated[bool, BeforeValidator(_ACTIVE.__getitem__)] = Field(alias="LOEVM")
    credit_limit: Decimal = Field(alias="KLIMK")
    discount: Decimal = Field(alias="RABATT")
    orders: int = Field(alias="ANZAHL")
    since: date = Field(alias="ERDAT")
    changed_at: datetime = Field(alias="AEDAT")
    language: Annotated[Literal["de", "en", "fr"], BeforeValidator(_SHORT.__getitem__)] = Field(
        alias="SPRAS"
    )


class Local(BaseModel):
    """A customer as legacy systems send one: empty texts, code lists, days without separators."""

    model_config = ConfigDict(extra="ignore")

    code: _Code = Field(alias="KUNNR")
    name: _Name = Field(alias="NAME1")
    department: Annotated[_Line | None, _Empty] = Field(alias="NAME2")
    street: Annotated[_Line | None, _Empty] = Field(alias="STRAS")
    postal_code: Annotated[_Short | None, _Empty] = Field(alias="PSTLZ")
    city: Annotated[_City | None, _Empty] = Field(alias="ORT01")
    country: Annotated[str, BeforeValidator(lambda text: _listed(COUNTRIES, text))] = Field(
        alias="LAND1"
    )
    email: Annotated[_Mail | None, _Empty] = Field(alias="SMTP")
    kind: _Kind = Field(alias="KTOKD")
    active: Annotated[bool, BeforeValidator(lambda text: text != "X")] = Field(alias="LOEVM")
    credit_limit: Decimal = Field(alias="KLIMK")
    discount: Decimal = Field(alias="RABATT")
    orders: int = Field(alias="ANZAHL")
    since: Annotated[
        date,
        BeforeValidator(lambda text: f"{text[:4]}-{text[4:6]}-{text[6:]}"),
    ] = Field(alias="ERDAT")
    changed_at: datetime = Field(alias="AEDAT")
    language: Annotated[str, BeforeValidator(lambda text: _listed(LANGUAGES, text.lower()))] = (
        Field(alias="SPRAS")
    )


def plain(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows of ``PLAIN``."""
    columns, validate = PLAIN.columns, Plain.model_validate
    return [tuple(validate(dict(zip(columns, row, strict=True))).__dict__.values()) for row in rows]


def local(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the canonical rows of ``LOCAL``."""
    columns, validate = LOCAL.columns, Local.model_validate
    return [_canonical_row(validate(dict(zip(columns, row, strict=True)))) for row in rows]


def _canonical_row(one: Local) -> tuple[Any, ...]:
    """Return the values; pydantic has neither zones for local times nor canonical decimals."""
    values = one.__dict__
    values["changed_at"] = one.changed_at.replace(tzinfo=_ZONE).astimezone(UTC)
    values["credit_limit"] = _canonical(one.credit_limit)
    values["discount"] = _canonical(one.discount)
    return tuple(values.values())


def _canonical(number: Decimal) -> Decimal:
    short = number.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


TRANSLATIONS = {"plain": plain, "local": local}


if __name__ == "__main__":
    tell(run(sys.argv[1], TRANSLATIONS[sys.argv[1]], int(sys.argv[2])))
