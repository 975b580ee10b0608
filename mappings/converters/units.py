"""Units of measure: UN/ECE recommendation 20 codes, and quantities from one to another.

A unit is known by its code, by the abbreviations of legacy systems in several languages, or by
its name. A quantity changes its unit by an exact factor, and only within one dimension: a box
has no weight of its own, and what one holds is the article's to say (``multiply``).
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from mappings.converters.numbers import MAX_PLACES, WIDE, Rounding, rounder
from mappings.converters.registry import Function, NoOptions, register
from mappings.converters.spelling import folded
from mappings.values import CACHE_SIZE, Refused, describe, expect, plain_decimal

_UNITS: dict[str, str] = {
    "H87": "piece, pieces, pce, pces, pcs, pc, st, stk, stck, stueck, stuck, stuks, szt, sztuka, "
    "ks, kus, kusy, db, darab, kom, kos, buc, bucata, unit, units, unite, unidad, unidades, "
    "unita, unidade, pieza, piezas, pza, pz, pezzo, pezzi, peca, u, ud, uds, stykke, stycke, "
    "kpl, kappale, tk, gab",
    "C62": "one",
    "EA": "each",
    "PR": "pair, pairs, paar, paare, paire, paires, par, pares, paio, paia, para, pary",
    "DZN": "dozen, dutzend, dtz, dz, dzd, douzaine, docena, dozzina, tucet, tuzin",
    "GRO": "gross, gros, gruesa, grossa",
    "SET": "set, sets, satz, garnitur, jeu, juego, jgo, komplet",
    "KT": "kit, kits, bausatz",
    "XBX": "box, boxes, bx, schachtel, boite, caja, cj, scatola, krabice, pudelko, doos",
    "XCT": "carton, cartons, karton, kartons, krt, ctn, crt, kar, kto, cartone, kartong",
    "XPK": "package, packung, packungen, pack, pkg, packet, pak, paket, paquet, paquete, pck, pk, "
    "pac, pckg, opakowanie, op, baleni, bal, pakke",
    "XPX": "pallet, pallets, palette, paletten, pal, pll, plt, palet, paleta, europalette",
    "XBG": "bag, bags, beutel, sack, sac, saco, sacco, btl, worek, pytel, zak",
    "XBO": "bottle, bottles, flasche, flaschen, fla, fl, bouteille, botella, bottiglia, fles",
    "XCA": "can, cans, dose, dosen, boite de conserve, lata, lattina, blik, puszka",
    "XRO": "roll, rolls, rolle, rollen, rol, rl, rouleau, rollo, rotolo, rolka",
    "XST": "sheet, sheets, blatt, bogen, bl, feuille, hoja, foglio, arkusz, list",
    "XTU": "tube, tuben, tubes, tubo, tuba",
    "XBJ": "bucket, eimer, seau, cubo, secchio, wiadro",
    "XDR": "drum, fass, fut, barril, fusto, beczka, vat",
    "XCR": "crate, kiste, cr, caisse, cassa, krat, skrzynia",
    "GRM": "g, gr, gramm, gram, grams, gramme, grammes, gramo, gramos, grammo, grammi",
    "KGM": "kg, kgs, kilo, kilos, kilogramm, kilogram, kilograms, kilogramme, kilogramo, "
    "kilogrammo, chilogrammo",
    "MGM": "mg, milligramm, milligram, milligramme, miligramo",
    "TNE": "t, to, ton, tonne, tonnen, tonnes, tonelada, tonnellata, tona, metric ton",
    "DTN": "dt, dezitonne, decitonne, doppelzentner",
    "HGM": "hg, hektogramm, hectogram",
    "LBR": "lb, lbs, pound, pounds, libra, livre",
    "ONZ": "oz, ounce, ounces, unze, unzen, once, onza",
    "MTR": "m, mt, mtr, meter, metre, metres, meters, metro, metri, metros, metr, lfm, lm, "
    "laufmeter, laufender meter, mb",
    "CMT": "cm, zentimeter, centimetre, centimeter, centimetro",
    "MMT": "mm, millimeter, millimetre, milimetro, millimetro",
    "DMT": "dm, dezimeter, decimetre, decimeter",
    "KMT": "km, kilometer, kilometre, kilometro, chilometro",
    "INH": "in, inch, inches, zoll, pouce, pulgada, pollice",
    "FOT": "ft, foot, feet, fuss, pied, pie, piede",
    "YRD": "yd, yard, yards",
    "MTK": "m2, qm, sqm, quadratmeter, square metre, square meter, metre carre, metro quadrato, "
    "metro cuadrado, mq",
    "CMK": "cm2, qcm, quadratzentimeter, square centimetre",
    "HAR": "ha, hektar, hectare, hectarea, ettaro",
    "MTQ": "m3, cbm, kubikmeter, cubic metre, cubic meter, metre cube, metro cubo, mc, fm",
    "DMQ": "dm3, kubikdezimeter",
    "CMQ": "cm3, ccm, kubikzentimeter, cubic centimetre",
    "LTR": "l, lt, ltr, lit, liter, litre, liters, litres, litro, litros, litri, litr",
    "MLT": "ml, milliliter, millilitre, mililitro, millilitro",
    "CLT": "cl, zentiliter, centilitre, centilitro",
    "DLT": "dl, deziliter, decilitre",
    "HLT": "hl, hektoliter, hectolitre, hectolitro, ettolitro",
    "SEC": "s, sek, sekunde, sekunden, second, seconds, seconde, segundo, secondo",
    "MIN": "minute, minuten, minutes, minuto, minuti, minuta",
    "HUR": "h, hr, hrs, std, stunde, stunden, hour, hours, heure, heures, hora, horas, ora, ore, "
    "godz, godzina, hod, hodina, uur",
    "DAY": "d, tag, tage, days, jour, jours, dia, dias, giorno, giorni, dzien, den, dag",
    "WEE": "week, weeks, wk, woche, wochen, wo, semaine, semana, settimana, tydzien, tyden",
    "MON": "month, months, mth, monat, monate, mo, mois, mes, meses, mese, mesi, miesiac, maand",
    "ANN": "year, years, yr, jahr, jahre, j, annee, annees, ano, anno, anni, rok, jaar",
    "KWH": "kwh, kilowattstunde, kilowatt hour",
    "MWH": "mwh, megawattstunde, megawatt hour",
    "WTT": "w, watt",
    "KWT": "kw, kilowatt",
    "P1": "percent, prozent, pct, pour cent, por ciento",
    "E48": "service unit, le, leistungseinheit, psch, pauschal, pauschale, forfait, lumpsum",
}
_KNOWN = {folded(name): code for code, names in _UNITS.items() for name in names.split(",")}
_KNOWN |= {code.casefold(): code for code in _UNITS}

# What one unit is of the first of its dimension.
_DIMENSIONS: tuple[dict[str, str], ...] = (
    {"GRM": "1", "KGM": "1000", "MGM": "0.001", "TNE": "1000000", "DTN": "100000", "HGM": "100"}
    | {"LBR": "453.59237", "ONZ": "28.349523125"},
    {"MTR": "1", "CMT": "0.01", "MMT": "0.001", "DMT": "0.1", "KMT": "1000"}
    | {"INH": "0.0254", "FOT": "0.3048", "YRD": "0.9144"},
    {"MTK": "1", "CMK": "0.0001", "HAR": "10000"},
    {"LTR": "1", "MLT": "0.001", "CLT": "0.01", "DLT": "0.1", "HLT": "100"}
    | {"MTQ": "1000", "DMQ": "1", "CMQ": "0.001"},
    {"SEC": "1", "MIN": "60", "HUR": "3600", "DAY": "86400", "WEE": "604800"},
    {"KWH": "1", "MWH": "1000"},
    {"WTT": "1", "KWT": "1000"},
    {"H87": "1", "C62": "1", "EA": "1", "PR": "2", "DZN": "12", "GRO": "144"},
)
_FACTORS = {
    code: (number, Decimal(factor))
    for number, dimension in enumerate(_DIMENSIONS)
    for code, factor in dimension.items()
}


@register("unit", takes=(str,), gives="string", settled=True)
def make_unit(_options: NoOptions) -> Function:
    """Read a unit by its UN/ECE code, its abbreviation or its name: Stk, PCE, kg, Liter."""
    return unit


@lru_cache(maxsize=CACHE_SIZE)
def unit(text: str) -> str | None:
    """Return the code of recommendation 20; Refused ``mapping.unit.unknown`` for others."""
    if text.strip() == "%":
        return "P1"
    found = _KNOWN.get(folded(text))
    if found is None and text.strip():
        raise Refused("mapping.unit.unknown", f"{describe(text)} is no unit that is known")
    return found


@dataclass(frozen=True, slots=True)
class QuantityOptions:
    """A quantity of one unit becomes one of ``to``, both as ``unit`` reads them.

    ``unit_from`` is a path to the unit it is in; ``unit`` holds where that is missing. The
    result is rounded to ``places``, in the way ``rounding`` names.
    """

    to: str
    unit: str = ""
    unit_from: str = ""
    places: int = 6
    rounding: Rounding = "half_up"


@register(
    "quantity",
    takes=(int, Decimal),
    gives="decimal",
    options=QuantityOptions,
    paths=("unit_from",),
    loses="decimals beyond the declared places",
)
def make_quantity(options: QuantityOptions) -> Function:
    """Change a quantity's unit within its dimension: 250 g are 0.25 kg."""
    if not 0 <= options.places <= MAX_PLACES:
        raise ValueError(f"'places' is between 0 and {MAX_PLACES}")
    if not (options.unit or options.unit_from):
        raise ValueError("'unit' or 'unit_from' says which unit it is in")
    wanted, usual = _measure(options.to), options.unit and _measure(options.unit)
    if usual and _FACTORS[usual][0] != _FACTORS[wanted][0]:
        raise ValueError(f"'{options.unit}' and '{options.to}' measure different things")
    rounded = rounder(options.places, options.rounding)

    def convert(amount: int | Decimal, of: object = None) -> Decimal:
        code = usual if of is None or of == "" else unit(expect(of, (str,)))
        if not code:
            raise Refused("mapping.quantity.invalid", "a quantity stands without its unit")
        if code == wanted:
            return rounded(plain_decimal(amount))
        dimension, factor = _FACTORS.get(code, (None, Decimal(1)))
        if dimension != _FACTORS[wanted][0]:
            message = f"a quantity of {code} is none of {wanted}"
            raise Refused("mapping.quantity.invalid", message)
        whole = WIDE.multiply(plain_decimal(amount), factor)
        return rounded(plain_decimal(rounded_wide(whole, _FACTORS[wanted][1])))

    return convert


def rounded_wide(whole: Decimal, factor: Decimal) -> Decimal:
    """Return a quotient with more decimals than any rounding looks at, and few enough to keep."""
    return WIDE.divide(whole, factor).quantize(Decimal(1).scaleb(-2 * MAX_PLACES), context=WIDE)


def _measure(text: str) -> str:
    """Return the code of a unit that can be measured; ValueError for others."""
    code = _KNOWN.get(folded(text), "")
    if code not in _FACTORS:
        known = ", ".join(sorted(_FACTORS))
        raise ValueError(f"'{text}' is no unit that is measured; known: {known}")
    return code
