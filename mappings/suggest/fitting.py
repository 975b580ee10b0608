"""How well a column's values fit a slot: what they tell by themselves, and what they rule out.

``telling`` is how likely the values alone make the column the slot's; ``fits`` is what is
left of any other evidence, 0 where the values cannot be the slot's. Words of evidence speak
of shapes, never of values.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mappings.suggest.profile import Profile

_NO_VALUES = 0.7
_RULED_OUT = 0.06
_MANY = 8
_CLEAN = 0.7


@dataclass(frozen=True, slots=True)
class Fit:
    """What a column's values say of a slot; shares and factors from 0 to 1."""

    telling: float
    fits: float
    words: str = ""


def fit(slot: str, column: Profile) -> Fit:
    """Return how a column's values fit a slot."""
    if column.empty:
        return Fit(0.0, _NO_VALUES, "no value in the sample")
    judge = _JUDGES.get(slot, _any)
    found = judge(column)
    # What nearly every row lacks is seldom what a field is fed from.
    return Fit(found.telling * min(1.0, 0.5 + column.filled), found.fits, found.words)


def _email(column: Profile) -> Fit:
    share = column.email
    return Fit(0.9 * share, 1.0 if share > 0.5 else _RULED_OUT, _told(share, "e-mail addresses"))


def _phone(column: Profile) -> Fit:
    share, marked = column.phone, column.phone_marked
    fits = 1.0 if share > 0.5 else 0.3 if share > 0.25 else _RULED_OUT
    return Fit(0.5 * marked, fits, _told(share, "telephone numbers"))


def _tax_id(column: Profile) -> Fit:
    share, like = column.vat, column.taxlike
    fits = 1.0 if max(share, like) > 0.5 else _RULED_OUT
    if share > 0.3:
        return Fit(0.88 * share, 1.0, _told(share, "VAT numbers with correct check digits"))
    return Fit(0.0, fits, _told(like, "of a tax id's form"))


def _street(column: Profile) -> Fit:
    share = column.street
    fits = 1.0 if share > 0.3 else 0.8 if column.lettered > 0.8 and column.number < 0.1 else 0.1
    if column.email > 0.2 or column.date > 0.5 or column.url > 0.5:
        fits = _RULED_OUT
    return Fit(0.6 * share if share > 0.4 else 0.0, fits, _told(share, "streets"))


def _house(column: Profile) -> Fit:
    share = column.house
    # Postal codes are numbers, too, and longer ones.
    short = column.length <= 4
    return Fit(0.0, 1.0 if share > 0.6 and short else _RULED_OUT, _told(share, "house numbers"))


def _street_extra(column: Profile) -> Fit:
    return Fit(0.0, 0.9 if column.date < 0.5 and column.email < 0.2 else _RULED_OUT, "texts")


def _postal_code(column: Profile) -> Fit:
    share, marked = column.postal, column.postal_marked
    fits = 1.0 if share > 0.6 else _RULED_OUT
    telling = 0.5 * marked if marked > 0.5 else 0.0
    if not telling and share > 0.9 and column.unique < 0.9 and column.distinct > 3:
        telling = 0.25 if 4 <= column.length <= 5 and not column.decimals else 0.05
    return Fit(telling, fits, _told(share, "of a postal code's form"))


def _city(column: Profile) -> Fit:
    wordy = column.letters > 0.8 and 3 <= column.length <= 26
    fits = 1.0 if wordy else 0.5 if column.lettered > 0.9 and column.number < 0.1 else _RULED_OUT
    if column.email > 0.2 or column.street > 0.6 or column.date > 0.5 or column.truth:
        fits = _RULED_OUT
    repeated = wordy and column.distinct > 3 and column.unique < 0.8 and column.company < 0.1
    plain = column.first_name < 0.3 and column.person < 0.2 and column.length > 4
    return Fit(0.12 if repeated and plain else 0.0, fits, _told(column.letters, "words"))


def _country(column: Profile) -> Fit:
    codes, any_ = column.country_code, column.country
    if (codes > 0.8 and column.language < 1.0) or (codes > 0.8 and column.share(str.isupper) > 0.9):
        return Fit(0.45 * codes, 1.0, _told(codes, "ISO country codes"))
    if any_ > 0.5 and column.lettered > 0.5:
        return Fit(0.6 * any_, 1.0, _told(any_, "countries"))
    short = column.letters > 0.8 and column.distinct <= max(3, 0.6 * len(column.texts))
    few = column.code > 0.9 and column.length <= 4
    return Fit(0.0, 0.75 if short or few else _RULED_OUT, "few different values")


def _language(column: Profile) -> Fit:
    share = column.language
    if share > 0.8:
        lower = column.share(lambda one: one[:2].islower())
        return Fit(0.3 + 0.3 * lower, 1.0, _told(share, "language codes"))
    few = column.distinct <= 12 and column.length <= 12 and column.decimals < 0.1
    return Fit(0.0, 0.75 if few and column.lettered > 0.5 else _RULED_OUT, "few different values")


def _currency(column: Profile) -> Fit:
    share = column.currency
    if share > 0.7:
        return Fit(0.85 * share, 1.0, _told(share, "ISO currency codes"))
    if column.distinct <= _MANY and column.number < 0.1:
        read = column.converted("currency")
        if read > 0.7:
            return Fit(0.6 * read, 1.0, _told(read, "codes, signs and names of currencies"))
    return Fit(0.0, 0.4 if column.distinct <= 8 and column.length <= 4 else _RULED_OUT, "")


def _yes_no(column: Profile) -> Fit:
    if column.truth:
        return Fit(0.0, 1.0 if column.boolean or column.distinct > 1 else 0.9, "yes and no")
    if column.status:
        return Fit(0.0, 1.0, "words for a state")
    few = column.distinct <= 4 and column.length <= 12
    return Fit(0.0, 0.3 if few else _RULED_OUT, "few different values" if few else "")


def _active(column: Profile) -> Fit:
    found = _yes_no(column)
    return Fit(0.45, 1.0, found.words) if column.status else found


def _inactive(column: Profile) -> Fit:
    if column.date > 0.8 and column.filled < 0.6:
        return Fit(0.0, 0.95, "mostly empty dates")
    if column.filled < 0.5 and column.distinct <= 4 and column.length <= 4:
        return Fit(0.0, 1.0, "a mark in some rows")
    if column.numeric and column.distinct <= 4 and column.share("0".__eq__) > 0.5:
        return Fit(0.0, 0.9, "mostly zero")
    return _yes_no(column)


def _consent(column: Profile) -> Fit:
    found = _yes_no(column)
    return Fit(0.0, found.fits if column.truth else min(found.fits, 0.5), found.words)


def _kind(column: Profile) -> Fit:
    if column.kinds:
        return Fit(0.6, 1.0, "words for persons and companies")
    if column.truth:
        # Zero and one say little about what a type is; a boolean is one by declaration.
        fits = 0.3 if column.distinct == 1 else 0.9 if column.boolean else 0.7
        return Fit(0.0, fits, "yes and no")
    return Fit(
        0.0,
        0.25 if column.distinct <= 3 and column.length <= 16 else _RULED_OUT,
        "few different values",
    )


def _name(column: Profile) -> Fit:
    named = column.company + column.person
    fits = _wordy(column)
    if column.first_name > 0.5:
        fits *= 0.5
    if column.person > 0.8 and column.company < 0.05:
        fits *= 0.95
    return Fit(0.7 * min(1.0, named), fits, _names(column))


def _company(column: Profile) -> Fit:
    fits = _wordy(column) if column.first_name < 0.5 else 0.2
    return Fit(0.65 * column.company, fits, _told(column.company, "with a legal form"))


def _first_name(column: Profile) -> Fit:
    share = column.first_name
    fits = _wordy(column) if column.company < 0.2 else _RULED_OUT
    return Fit(0.7 * share, fits if share > 0.1 else fits * 0.75, _told(share, "first names"))


def _last_name(column: Profile) -> Fit:
    alone = column.letters > 0.8 and column.length < 20 and column.company < 0.1
    return Fit(0.0, _wordy(column) * (1.0 if alone else 0.4), _told(column.letters, "words"))


def _name_extra(column: Profile) -> Fit:
    return Fit(0.0, _wordy(column), "texts")


def _wordy(column: Profile) -> float:
    if column.email > 0.2 or column.date > 0.5 or column.url > 0.5 or column.uuid > 0.5:
        return _RULED_OUT
    if column.number > 0.3 or column.truth or column.lettered < 0.8:
        return _RULED_OUT
    constant = column.distinct == 1 and len(column.texts) > 4
    return 0.3 if constant else 1.0 if column.unique > 0.3 or column.distinct > _MANY else 0.7


def _names(column: Profile) -> str:
    parts = [_told(column.person, "names of persons"), _told(column.company, "with a legal form")]
    return ", ".join(one for one in parts if one)


def _product_name(column: Profile) -> Fit:
    fits = _wordy(column)
    wordy = column.spaced > 0.4 and column.unique > 0.6 and 6 < column.length < 80
    if column.code > 0.9 and column.share(lambda one: any(map(str.isdigit, one))) > 0.7:
        fits *= 0.3
    return Fit(
        0.45 if wordy and fits > 0.9 and column.person < 0.3 else 0.0,
        fits,
        "texts of several words" if wordy else "texts",
    )


def _code(column: Profile) -> Fit:
    coded = column.code > 0.8 and column.date < 0.5 and column.decimals < 0.3 and not column.truth
    fits = 1.0 if coded and column.unique > 0.8 else 0.6 if coded and column.unique > 0.2 else 0.25
    if column.date_marked or column.email > 0.2 or column.uuid > 0.5:
        fits = _RULED_OUT
    mixed = column.share(lambda one: any(map(str.isdigit, one)) and any(map(str.isalpha, one)))
    telling = 0.25 * mixed if coded and column.unique > 0.9 and column.country < 0.5 else 0.0
    return Fit(telling, fits, f"codes, {column.unique:.0%} different" if coded else "")


def _product_code(column: Profile) -> Fit:
    coded = column.code > 0.8 and column.date < 0.5 and column.decimals < 0.3 and not column.truth
    fits = 1.0 if coded and column.distinct > 1 else 0.25
    if column.date_marked or column.email > 0.2:
        fits = _RULED_OUT
    return Fit(0.1 if coded and column.unique > 0.3 else 0.0, fits, "codes" if coded else "")


def _category(column: Profile) -> Fit:
    fits = 1.0 if column.unique < 0.7 and column.distinct > 1 else 0.6
    if column.date_marked or column.decimals > 0.3 or column.email > 0.2 or column.truth:
        fits = _RULED_OUT
    return Fit(0.0, fits, f"{column.distinct} different values")


def _unit(column: Profile) -> Fit:
    share = column.unit
    if share > 0.6 and column.lettered > 0.5:
        return Fit(0.6 * share, 1.0, _told(share, "units of measure"))
    few = column.distinct <= 20 and column.length <= 14 and column.lettered > 0.8
    fits = 0.7 if few and not column.truth and column.currency < 0.5 else _RULED_OUT
    return Fit(0.0, fits, "few different values")


def _amount(column: Profile) -> Fit:
    if column.number < 0.5 or column.date_marked or column.boolean:
        return Fit(0.0, _RULED_OUT)
    constant = column.distinct == 1 and len(column.texts) > 4
    varied = column.distinct > 3 or column.unique > 0.9
    fits = 0.3 if constant else 1.0 if column.decimals > 0.2 else 0.85 if varied else 0.4
    told = "numbers with decimals" if column.decimals else "numbers"
    if column.number < _CLEAN:
        # Words for no price stand among them: the name has to be a good one.
        return Fit(0.0, 0.8 * fits, _told(column.number, told))
    return Fit(0.1 * column.decimals, fits, told)


def _date(column: Profile) -> Fit:
    share = column.date
    told = _told(share, "dates")
    return Fit(0.1 * share, 1.0 if share > 0.6 else _RULED_OUT, told)


def _any(column: Profile) -> Fit:
    del column
    return Fit(0.0, 0.8)


def _told(share: float, what: str) -> str:
    return f"{share:.0%} {what}" if share >= 0.05 else ""


_JUDGES: dict[str, Callable[[Profile], Fit]] = {
    "customer.name": _name,
    "first_name": _first_name,
    "last_name": _last_name,
    "company": _company,
    "name_extra": _name_extra,
    "email": _email,
    "phone": _phone,
    "mobile": _phone,
    "tax_id": _tax_id,
    "street": _street,
    "house_number": _house,
    "street_extra": _street_extra,
    "postal_code": _postal_code,
    "city": _city,
    "country": _country,
    "language": _language,
    "marketing_consent": _consent,
    "no_marketing": _consent,
    "active": _active,
    "inactive": _inactive,
    "kind": _kind,
    "code": _code,
    "product.name": _product_name,
    "category": _category,
    "unit": _unit,
    "list_price": _amount,
    "price.amount": _amount,
    "currency": _currency,
    "product_code": _product_code,
    "valid_from": _date,
}
