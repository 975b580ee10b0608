"""Currencies, and amounts of them: ISO 4217 says the code, and how many decimals it has.

A sign that several currencies share ($, kr, ¥) refuses its row: which one a system means is a
lookup table's to say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from mappings.converters.codes import CURRENCIES
from mappings.converters.numbers import Rounding, rounder
from mappings.converters.registry import Function, NoOptions, register
from mappings.converters.spelling import LANGUAGES, folded, merged, unambiguous
from mappings.paths import spelt
from mappings.values import CACHE_SIZE, Refused, describe, expect, plain_decimal

_NUMBERED = """
    AED784 AFN971 ALL008 AMD051 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975
    BHD048 BIF108 BMD060 BND096 BOB068 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976
    CHF756 CLP152 CNY156 COP170 CRC188 CUP192 CVE132 CZK203 DJF262 DKK208 DOP214 DZD012 EGP818
    ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981 GHS936 GIP292 GMD270 GNF324 GTQ320 GYD328
    HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356 IQD368 IRR364 ISK352 JMD388 JOD400 JPY392
    KES404 KGS417 KHR116 KMF174 KPW408 KRW410 KWD414 KYD136 KZT398 LAK418 LBP422 LKR144 LRD430
    LSL426 LYD434 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 MRU929 MUR480 MVR462 MWK454
    MXN484 MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 OMR512 PAB590 PEN604 PGK598
    PHP608 PKR586 PLN985 PYG600 QAR634 RON946 RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SDG938
    SEK752 SGD702 SHP654 SLE925 SOS706 SRD968 SSP728 STN930 SVC222 SYP760 SZL748 THB764 TJS972
    TMT934 TND788 TOP776 TRY949 TTD780 TWD901 TZS834 UAH980 UGX800 USD840 UYU858 UZS860 VED926
    VES928 VND704 VUV548 WST882 XAF950 XCD951 XCG532 XOF952 XPF953 YER886 ZAR710 ZMW967 ZWG924
"""
_NUMBERS = {one[3:]: one[:3] for one in _NUMBERED.split()}
_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "лв": "BGN",
    "lei": "RON",
    "Fr": "CHF",
    "Fr.": "CHF",
    "SFr": "CHF",
    "SFr.": "CHF",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "C$": "CAD",
    "CA$": "CAD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "NT$": "TWD",
    "S$": "SGD",
    "R$": "BRL",
    "MX$": "MXN",
    "₹": "INR",
    "₪": "ILS",
    "₩": "KRW",
    "₫": "VND",
    "฿": "THB",
    "₦": "NGN",
    "₱": "PHP",
    "₸": "KZT",
    "₾": "GEL",
    "₼": "AZN",
    "₮": "MNT",
    "₭": "LAK",
    "៛": "KHR",
    "₲": "PYG",
    "₡": "CRC",
    "CN¥": "CNY",
    "JP¥": "JPY",
    "元": "CNY",
    "円": "JPY",
    "RM": "MYR",
}
_FOLDED_SIGNS = {sign.casefold(): code for sign, code in _SIGNS.items()}
_NAMES = {
    **dict.fromkeys(("Euro", "Euros", "Eur."), "EUR"),
    **dict.fromkeys(("Pfund Sterling", "Pound Sterling", "Sterling"), "GBP"),
    **dict.fromkeys(("Swiss Francs", "Schweizer Franken", "Franken"), "CHF"),
    **dict.fromkeys(("US Dollar", "US-Dollars", "US Dollars"), "USD"),
}
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_PLACES = dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
_USUAL_PLACES = 2


@register("currency", takes=(str, int), gives="string", settled=True, revision=2)
def make_currency(_options: NoOptions) -> Function:
    """Read a currency by its ISO 4217 code or number, its own sign, or its name."""
    return currency


@lru_cache(maxsize=CACHE_SIZE, typed=True)
def currency(value: str | int) -> str | None:
    """Return the code; Refused ``mapping.currency.unknown`` for what is no currency."""
    text = spelt(expect(value, (int,))).zfill(3) if isinstance(value, int) else value.strip()
    code = text.upper()
    if code in CURRENCIES:
        return code
    if not code:
        return None
    found = _NUMBERS.get(code) or _FOLDED_SIGNS.get(text.casefold()) or _by_name()(text)
    if found is None:
        raise Refused("mapping.currency.unknown", f"{describe(value)} is no currency of ISO 4217")
    return found


@cache
def _by_name() -> Callable[[str], str | None]:
    """Return a function from a name to its code; the names load here."""
    from babel import Locale

    told = (
        (name, code)
        for language in LANGUAGES
        for code, name in Locale(language).currencies.items()
        if code in CURRENCIES
    )
    names = merged(unambiguous(told), _NAMES)
    return lambda text: names.get(folded(text))


@dataclass(frozen=True, slots=True)
class MoneyOptions:
    """Which currency an amount is of, and how it is rounded to its minor unit.

    ``currency_from`` is a path to it; ``currency`` holds where that is missing. ``rounding``
    is one of those of ``round``.
    """

    currency: str = ""
    currency_from: str = ""
    rounding: Rounding = "half_up"


@register(
    "money",
    takes=(int, Decimal),
    gives="decimal",
    options=MoneyOptions,
    paths=("currency_from",),
    loses="decimals beyond the currency's own",
)
def make_money(options: MoneyOptions) -> Function:
    """Round an amount to its currency's minor unit: cents, and none for yen."""
    if not (options.currency or options.currency_from):
        raise ValueError("'currency' or 'currency_from' says which currency it is")
    if options.currency and options.currency not in CURRENCIES:
        raise ValueError("'currency' is a code of ISO 4217 such as EUR")
    rounders = {places: rounder(places, options.rounding) for places in (0, 2, 3)}

    def convert(amount: int | Decimal, of: object = None) -> Decimal:
        code = _code(of) or options.currency
        if not code:
            raise Refused("mapping.money.invalid", "an amount stands without its currency")
        return rounders[_PLACES.get(code, _USUAL_PLACES)](plain_decimal(amount))

    return convert


def _code(of: object) -> str | None:
    return None if of is None else currency(expect(of, (str, int)))
