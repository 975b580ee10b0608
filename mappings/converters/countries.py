"""Countries: any usual spelling of one becomes its ISO 3166-1 alpha-2 code.

Codes are told before names, and a name that could mean two countries (Congo, Korea) refuses
its row. Names are the Unicode CLDR's, in the languages of Europe.
"""

from collections.abc import Callable
from functools import cache, lru_cache

from mappings.converters.codes import COUNTRIES
from mappings.converters.registry import Function, NoOptions, register
from mappings.converters.spelling import LANGUAGES, folded, merged, unambiguous, words
from mappings.paths import spelt
from mappings.values import CACHE_SIZE, Refused, describe, expect

# What CLDR has under another name, or not at all: former, official and everyday names.
_NAMES = {
    **dict.fromkeys(("England", "Scotland", "Wales", "Northern Ireland"), "GB"),
    **dict.fromkeys(("Great Britain", "Großbritannien", "Grande-Bretagne", "Gran Bretaña"), "GB"),
    **dict.fromkeys(("Schottland", "Nordirland", "Gran Bretagna", "G.B.", "U.K."), "GB"),
    **dict.fromkeys(("USA", "U.S.A.", "U.S.", "United States of America", "EE.UU."), "US"),
    **dict.fromkeys(("Vereinigte Staaten von Amerika", "Etats-Unis d'Amérique"), "US"),
    **dict.fromkeys(("Stati Uniti d'America", "Estados Unidos de América"), "US"),
    **dict.fromkeys(("BRD", "Bundesrepublik Deutschland", "Federal Republic of Germany"), "DE"),
    **dict.fromkeys(("Republik Österreich", "Republic of Austria"), "AT"),
    **dict.fromkeys(("Helvetia", "Schweizerische Eidgenossenschaft", "Swiss"), "CH"),
    **dict.fromkeys(("Holland", "The Netherlands", "Pays Bas", "Hollande", "Olanda"), "NL"),
    **dict.fromkeys(("Czech Republic", "Tschechische Republik", "République tchèque"), "CZ"),
    **dict.fromkeys(("Repubblica Ceca", "República Checa", "Česká republika"), "CZ"),
    **dict.fromkeys(("Slovak Republic", "Slowakische Republik"), "SK"),
    **dict.fromkeys(("Turkey", "Türkei", "Türkiye"), "TR"),
    **dict.fromkeys(("Eire", "Republic of Ireland", "Republik Irland"), "IE"),
    **dict.fromkeys(("Russian Federation", "Russische Föderation"), "RU"),
    **dict.fromkeys(("Macedonia", "Mazedonien", "Macédoine"), "MK"),
    **dict.fromkeys(("Weißrussland", "Belorussia", "Biélorussie", "Belarus"), "BY"),
    **dict.fromkeys(("Moldavia", "Republik Moldau", "Republic of Moldova"), "MD"),
    **dict.fromkeys(("Ivory Coast", "Elfenbeinküste"), "CI"),
    **dict.fromkeys(("PR China", "P.R. China", "People's Republic of China"), "CN"),
    **dict.fromkeys(("Volksrepublik China", "VR China"), "CN"),
    **dict.fromkeys(("South Korea", "Republic of Korea", "Südkorea", "Corée du Sud"), "KR"),
    **dict.fromkeys(("Hong Kong", "Hongkong"), "HK"),
    **dict.fromkeys(("Macau", "Macao"), "MO"),
    **dict.fromkeys(("Burma", "Birma"), "MM"),
    **dict.fromkeys(("Cape Verde", "Kap Verde"), "CV"),
    **dict.fromkeys(("Swaziland", "Swasiland"), "SZ"),
    **dict.fromkeys(("Viet Nam",), "VN"),
    **dict.fromkeys(("UAE", "U.A.E.", "VAE"), "AE"),
    **dict.fromkeys(("Vatican", "Vatikan", "Holy See"), "VA"),
}  # fmt: skip
# Names that two countries go by.
_SHARED = words("congo kongo korea")
# Codes that are no country's by the standard, and are written all the same.
_RESERVED = {"UK": "GB", "EL": "GR", "XI": "GB"}


@register("country", takes=(str, int), gives="string", settled=True, revision=2)
def make_country(_options: NoOptions) -> Function:
    """Read a country by its ISO 3166-1 codes, or by its name in a language of Europe."""
    return country


@lru_cache(maxsize=CACHE_SIZE, typed=True)
def country(value: str | int) -> str | None:
    """Return the alpha-2 code; Refused ``mapping.country.unknown`` for what is no country."""
    text = spelt(expect(value, (int,))).zfill(3) if isinstance(value, int) else value.strip()
    code = text.upper()
    if code in COUNTRIES:
        return code
    if not code:
        return None
    found = _RESERVED.get(code) or _other_codes().get(code) or _by_name()(text)
    if found is None:
        raise Refused("mapping.country.unknown", f"{describe(value)} is no country of ISO 3166-1")
    return found


@cache
def _other_codes() -> dict[str, str]:
    """Return alpha-2 by alpha-3 and by number, former ones too; the library loads here."""
    from babel.core import get_global

    aliases = get_global("territory_aliases").items()
    return {
        code: successors[0]
        for code, successors in aliases
        if len(code) == 3 and len(successors) == 1 and successors[0] in COUNTRIES
    }


@cache
def _by_name() -> Callable[[str], str | None]:
    """Return a function from a name to alpha-2; the names load here."""
    from babel import Locale

    told = (
        (name, code)
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in COUNTRIES
    )
    names = merged(unambiguous(told), _NAMES)
    return lambda text: None if (name := folded(text)) in _SHARED else names.get(name)
