"""Names of people as one field holds them: salutation, titles, given and family name.

The rules are those of European address books. They are stated in the documentation and nothing
is guessed beyond them: what they cannot split stays whole in the family name.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mappings.converters.registry import Function, NoOptions, register
from mappings.converters.spelling import folded, words
from mappings.values import CACHE_SIZE, Refused, describe

Order = Literal["given_first", "family_first"]

_SALUTATIONS = {
    word: code
    for code, words in {
        "mr": "herr herrn hr mr mister monsieur m sr senor sig signor dhr heer pan",
        "ms": "frau fr fraulein fraeulein ms mrs miss madame mme mademoiselle mlle sra senora "
        "srta senorita signora mevr mevrouw mw pani",
        "mx": "mx divers",
        "family": "familie fam family famille familia famiglia eheleute",
        "company": "firma fa company empresa ditta azienda bedrijf entreprise societe",
    }.items()
    for word in words.split()
}
# Words that stand before a name and are never a name themselves.
_TITLES = words(
    "dr dres ddr prof professor professorin doktor mag magister dipl ing kfm kffm dkfm betriebsw "
    "dott dottssa avv mgr judr mudr phdr rndr mvdr paeddr"
)
# Words that are a title only where a full stop says so: Lic. is one, Lic might be a name.
_DOTTED = words(
    "med univ rer nat techn oec jur iur phil theol vet dent pol soc h c hc habil priv doz lic ir "
    "drs bc inz r a e arch geom rag comm"
)
_SUFFIXES = words(
    "phd msc bsc mba emba llm llb dds esq jr sr ii iii bed beng meng csc ma ba mas fh mfa"
)
# Suffixes that need no comma before them: nobody is called so.
_PLAIN_SUFFIXES = words("phd msc bsc mba emba llm llb dds esq jr sr ii iii csc")
_PARTICLES = words(
    "von vom zu zum zur van der den de del della delle di da das do dos du des la le les "
    "bin ibn ben ter ten te op t af av degli dei"
)


_AND = words("und and et y e i en &")


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name; a part that is not there is empty."""

    salutation: str = ""
    title: str = ""
    given: str = ""
    family: str = ""
    suffix: str = ""

    @property
    def full(self) -> str:
        """Return given and family name."""
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class NamePartOptions:
    """``part`` is what is taken: ``full`` is given and family name, without the rest.

    ``order`` is how a name without comma is written; before a comma stands the family name.
    """

    part: Literal["given", "family", "full", "title", "suffix", "salutation"]
    order: Order = "given_first"


@register(
    "name_part",
    takes=(str,),
    gives="string",
    options=NamePartOptions,
    loses="the other parts of the name",
)
def make_name_part(options: NamePartOptions) -> Function:
    """Take one part of a person's name: Dr. Anna von Weiß has the given name Anna."""

    @lru_cache(maxsize=CACHE_SIZE)
    def convert(text: str) -> str | None:
        part: str = getattr(split_name(text, options.order), options.part)
        return part or None

    return convert


@register("salutation", takes=(str,), gives="string", settled=True, loses="how it was written")
def make_salutation(_options: NoOptions) -> Function:
    """Read a salutation of several languages: mr, ms, mx, family or company."""
    return salutation


def salutation(text: str) -> str | None:
    """Return the salutation; Refused ``mapping.salutation.unknown`` for other words."""
    told = folded(text).split()
    if not told:
        return None
    found = _SALUTATIONS.get(told[0]) if _is_salutation(told) else None
    if found is None:
        raise Refused("mapping.salutation.unknown", f"{describe(text)} is no salutation")
    return found


def _is_salutation(told: list[str]) -> bool:
    """Return whether all words are salutations or titles: Herrn Dr. is one, Herr Weiß is not."""
    return all(word in _SALUTATIONS or word in _TITLES for word in told)


def split_name(text: str, order: Order) -> Name:
    """Return a name's parts; no word of it is lost."""
    pieces = [piece.split() for piece in text.split(",") if piece.strip()]
    after: list[str] = []
    while len(pieces) > 1 and all(_bare(word) in _SUFFIXES for word in pieces[-1]):
        after = [*pieces.pop(), *after]
    if not pieces:
        return Name()
    salutations, rest = _salutations(pieces[0])
    titles, rest = _titles(rest)
    if len(pieces) > 1:
        more, given = _titles([word for piece in pieces[1:] for word in piece])
        return _name(salutations, titles + more, given, rest, after)
    rest, suffixes = _suffixes(rest)
    given, family = _in_order(rest, order)
    return _name(salutations, titles, given, family, suffixes + after)


def _name(*parts: list[str]) -> Name:
    return Name(*(" ".join(part) for part in parts))


def _bare(word: str) -> str:
    return folded(word).replace(" ", "")


def _salutations(told: list[str]) -> tuple[list[str], list[str]]:
    """Return the words before the name that greet, and the others; a name keeps one word."""
    count = 0
    for at, word in enumerate(told[:-1], start=1):
        if _bare(word) in _SALUTATIONS:
            count = at
        elif word.casefold() not in _AND:
            break
    return told[:count], told[count:]


def _titles(told: list[str]) -> tuple[list[str], list[str]]:
    count = 0
    while count < len(told) - 1 and (
        _is_title(told[count]) or (count and told[count].startswith("("))
    ):
        count += 1
    return told[:count], told[count:]


def _is_title(word: str) -> bool:
    """Return whether a word is made of titles: Dr., Dipl.-Ing., h.c., Mag.a."""
    parts = folded(word).split()
    known = _TITLES | _DOTTED if word.endswith(".") else _TITLES
    return bool(parts) and all(part in known or part == "a" for part in parts) and parts[0] != "a"


def _suffixes(told: list[str]) -> tuple[list[str], list[str]]:
    count = len(told)
    while count > 1 and _bare(told[count - 1]) in _PLAIN_SUFFIXES:
        count -= 1
    return told[:count], told[count:]


def _in_order(told: list[str], order: Order) -> tuple[list[str], list[str]]:
    """Return given and family name; particles belong to the family name behind them."""
    if order == "family_first":
        count = 1
        while count < len(told) and _bare(told[count - 1]) in _PARTICLES:
            count += 1
        return told[count:], told[:count]
    first = max(len(told) - 1, 0)
    while first > 1 and _bare(told[first - 1]) in _PARTICLES:
        first -= 1
    return told[:first], told[first:]
