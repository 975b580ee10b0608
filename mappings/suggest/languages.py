"""What languages are called where their ISO 639-1 code is not used.

Names in the usual languages, ISO 639-2 codes, and SAP's codes of one letter.
"""

_NAMES = {
    "de": "d de deu ger german deutsch allemand aleman tedesco duits niemiecki nemcina nemecky",
    "en": "e en eng english englisch anglais ingles inglese engels angielski anglictina",
    "fr": "f fr fra fre french franzoesisch francais frances francese frans francuski",
    "it": "i it ita italian italienisch italien italiano italiaans wloski italstina",
    "es": "s es spa esp spanish spanisch espagnol espanol castellano spagnolo spaans hiszpanski",
    "nl": "n nl nld dut dutch niederlaendisch neerlandais holandes olandese nederlands",
    "pt": "p pt por portuguese portugiesisch portugais portugues portoghese",
    "pl": "l pl pol polish polnisch polonais polaco polacco polski",
    "cs": "c cs ces cze czech tschechisch tcheque checo ceco cesky cestina",
    "sk": "q sk slk slo slovak slowakisch",
    "hu": "h hu hun hungarian ungarisch magyar",
    "sv": "v sv swe swedish schwedisch svenska",
    "da": "k da dan danish daenisch dansk",
    "no": "o no nor norwegian norwegisch norsk",
    "fi": "u fi fin finnish finnisch suomi",
    "ru": "r ru rus russian russisch",
    "tr": "t tr tur turkish tuerkisch",
    "sl": "5 sl slv slovenian slowenisch",
    "hr": "6 hr hrv croatian kroatisch",
    "ro": "4 ro ron rum romanian rumaenisch",
    "ca": "ca cat catalan catala",
}

LANGUAGE_WORDS = {word: code for code, words in _NAMES.items() for word in words.split()}
