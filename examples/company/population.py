"""The demo company's population: the customers, products and sales every demo system starts from.

Guarantee: each function returns the same values on every call, machine and Python version: they
come from the lists below and a seeded generator, never from the clock or the environment. Only
the standard library is used, so that the ERP's own environment can import this module.

What may be relied upon:

- customer numbers, e-mail addresses and tax ids are unique where present (e-mails are lower case);
- a telephone number is shared by a few households and receptions, always under different names;
- a few namesakes exist, always with different telephone numbers and e-mail addresses;
- every tax id carries its country's prefix and a correct check digit;
- every telephone number is E.164; every e-mail address lies under a domain reserved for examples;
- a sale names only active customers and products, in EUR, CHF or GBP.
"""

import random
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

CUSTOMER_COUNT = 320
PRODUCT_COUNT = 60
SALE_COUNT = 120

EXCHANGE_RATES = {"EUR": Decimal("1"), "CHF": Decimal("0.94"), "GBP": Decimal("0.86")}
"""Units of each currency for one euro, fixed for the demo."""

Kind = Literal["person", "company"]


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer as the company knows it; `name` is the display name of either kind.

    `first_name` and `last_name` are None for a company. `phone` is E.164, `country` ISO 3166-1
    alpha-2, `language` ISO 639-1, `tax_id` without spaces or punctuation.
    """

    number: str
    kind: Kind
    name: str
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    tax_id: str | None
    street: str
    postal_code: str
    city: str
    country: str
    language: str
    active: bool


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `list_price` is EUR per `unit`, `unit` one of Unit, Kilogram, Meter, Liter."""

    code: str
    name: str
    unit: str
    list_price: Decimal
    category: str
    active: bool


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One position of a sale; `unit_price` is in the sale's currency."""

    product_code: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale of one day to one customer."""

    customer_number: str
    date: date
    currency: str
    lines: tuple[SaleLine, ...]


@dataclass(frozen=True, slots=True)
class Country:
    """What a country's customers are made of; `phone` is a prefix and the digits that follow it."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    trades: tuple[str, ...]
    legal_form: str
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]
    phone: tuple[str, int]
    tax_id: Callable[[random.Random], str]


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))


def _luhn(body: str) -> int:
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in body[::-1][::2])
    return -(sum(doubled) + sum(int(digit) for digit in body[::-1][1::2])) % 10


def _weighted(body: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))


def _austrian(rng: random.Random) -> str:
    body = _digits(rng, 7)
    return f"ATU{body}{(6 + _luhn(f'{body}0')) % 10}"


def _german(rng: random.Random) -> str:
    body, product = _digits(rng, 8), 10
    for digit in body:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"DE{body}{(11 - product) % 10}"


def _swiss(rng: random.Random) -> str:
    while True:
        body = _digits(rng, 8)
        check = -_weighted(body, (5, 4, 3, 2, 7, 6, 5, 4)) % 11
        if check < 10:
            return f"CHE{body}{check}MWST"


def _french(rng: random.Random) -> str:
    body = _digits(rng, 8)
    siren = f"{body}{_luhn(body)}"
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


def _spanish(rng: random.Random) -> str:
    body = _digits(rng, 7)
    return f"ESB{body}{_luhn(body)}"


def _polish(rng: random.Random) -> str:
    while True:
        body = _digits(rng, 9)
        check = _weighted(body, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11
        if check < 10:
            return f"PL{body}{check}"


def _czech(rng: random.Random) -> str:
    body = str(rng.randrange(1_000_000, 9_000_000))
    check = (11 - _weighted(body, range(8, 1, -1))) % 11
    return f"CZ{body}{(check or 1) % 10}"


def _british(rng: random.Random) -> str:
    body = _digits(rng, 7)
    return f"GB{body}{97 - _weighted(body, range(8, 1, -1)) % 97:02}"


def _swedish(rng: random.Random) -> str:
    body = f"556{_digits(rng, 6)}"
    return f"SE{body}{_luhn(body)}01"


def _italian(rng: random.Random) -> str:
    body = f"{_digits(rng, 7)}{rng.randrange(1, 101):03}"
    return f"IT{body}{_luhn(body)}"


COUNTRIES: dict[str, Country] = {
    "AT": Country(
        ("Jürgen", "Käthe", "Leopold", "Theresia", "Günther", "Annelies", "Xaver", "Bärbel")
        + ("Ägidius", "Cäcilia", "Florian", "Gerlinde", "Hedwig", "Ignaz", "Maximilian", "Zäzilie"),
        ("Müller", "Grünwald", "Österreicher", "Pichler", "Kößler", "Weiß", "Höllinger", "Steyrer")
        + ("Öllerer", "Bäumel", "Gruber", "Haslinger", "Prüller", "Süß", "Thürnau", "Wögerer"),
        ("Holzbau", "Bäckerei", "Möbelwerkstätte", "Weinkellerei"),
        "GmbH",
        ("Mariahilfer Straße", "Körnergasse", "Schönbrunner Allee", "Am Graben"),
        (("1060", "Wien"), ("8010", "Graz"), ("5020", "Salzburg"), ("3100", "St. Pölten")),
        ("de",),
        ("+43664", 7),
        _austrian,
    ),
    "DE": Country(
        ("Jörg", "Sören", "Ursula", "Heike", "Björn", "Käthchen", "Uwe", "Änne")
        + ("Antje", "Detlef", "Friederike", "Götz", "Hannelore", "Jürn", "Rüdiger", "Wiebke"),
        ("Schröder", "Krüger", "Groß", "Jäger", "Schäfer", "Köhler", "Möller", "Voß")
        + ("Böhm", "Döring", "Fröhlich", "Günther", "Hübner", "Kühn", "Lührs", "Strauß"),
        ("Maschinenbau", "Großhandel", "Küchentechnik", "Fördertechnik"),
        "GmbH & Co. KG",
        ("Königsallee", "Goethestraße", "Bäckerweg", "Am Südtor"),
        (("50667", "Köln"), ("80331", "München"), ("40213", "Düsseldorf"), ("20095", "Hamburg")),
        ("de",),
        ("+49151", 8),
        _german,
    ),
    "CH": Country(
        ("Urs", "Régula", "Beat", "Noëlle", "Reto", "Corinne", "Gian", "Ladina"),
        ("Zürcher", "Bühler", "Lüthi", "Aebischer", "Favre", "Caduff", "Rüegg", "Bernasconi"),
        ("Uhren", "Käserei", "Präzision", "Confiserie"),
        "AG",
        ("Bahnhofstrasse", "Rue du Rhône", "Via Nassa", "Mühlegasse"),
        (("8001", "Zürich"), ("1204", "Genève"), ("6900", "Lugano"), ("3011", "Bern")),
        ("de", "fr", "it"),
        ("+4179", 7),
        _swiss,
    ),
    "FR": Country(
        ("Élodie", "François", "Hélène", "Jérôme", "Zoë", "Gaël", "Inès", "Benoît"),
        ("Lefèvre", "Besançon", "Crépin", "Noël", "Dubois", "Béranger", "Hôtelier", "Garçon"),
        ("Fromagerie", "Ébénisterie", "Librairie", "Électricité"),
        "SARL",
        ("rue de la République", "avenue Général Leclerc", "place de l'Église", "quai d'Orléans"),
        (
            ("69002", "Lyon"),
            ("38000", "Grenoble"),
            ("42000", "Saint-Étienne"),
            ("67000", "Strasbourg"),
        ),
        ("fr",),
        ("+336", 8),
        _french,
    ),
    "ES": Country(
        ("José", "Íñigo", "María", "Concepción", "Álvaro", "Begoña", "Jesús", "Lucía"),
        ("Nuñez", "García", "Ibáñez", "Peña", "Muñoz", "Rodríguez", "Cañas", "Zúñiga"),
        ("Cerámica", "Construcción", "Aceites", "Diseño"),
        "S.L.",
        ("Calle de Alcalá", "Avenida de España", "Paseo de Gràcia", "Plaza del Niño"),
        (("28014", "Madrid"), ("08007", "Barcelona"), ("41001", "Sevilla"), ("15001", "A Coruña")),
        ("es",),
        ("+346", 8),
        _spanish,
    ),
    "PL": Country(
        (
            "Łukasz",
            "Małgorzata",
            "Zbigniew",
            "Agnieszka",
            "Świętosława",
            "Paweł",
            "Bożena",
            "Józef",
        ),
        ("Świątek", "Wójcik", "Kamiński", "Dąbrowski", "Żuraw", "Gołąb", "Źrebiec", "Ćwik"),
        ("Hurtownia", "Budownictwo", "Młyn", "Usługi"),
        "Sp. z o.o.",
        ("ulica Piękna", "ulica Długa", "aleja Róż", "ulica Świętokrzyska"),
        (("00-549", "Warszawa"), ("31-146", "Kraków"), ("80-831", "Gdańsk"), ("90-001", "Łódź")),
        ("pl",),
        ("+4860", 7),
        _polish,
    ),
    "CZ": Country(
        ("Jiří", "Tomáš", "Zdeňka", "Růžena", "Ondřej", "Žofie", "Matěj", "Kateřina"),
        ("Dvořák", "Procházka", "Hájek", "Kučera", "Němec", "Růžička", "Šťastný", "Žižka"),
        ("Strojírny", "Pekařství", "Sklárny", "Truhlářství"),
        "s.r.o.",
        ("Pařížská", "Národní třída", "Náměstí Míru", "Kounicova"),
        (("110 00", "Praha"), ("602 00", "Brno"), ("301 00", "Plzeň"), ("460 01", "Liberec")),
        ("cs",),
        ("+420777", 6),
        _czech,
    ),
    "GB": Country(
        ("Siân", "Oliver", "Zoë", "Hamish", "Chloë", "Rhys", "Imogen", "Alasdair"),
        (
            "O'Brien",
            "Ashworth",
            "MacLeod",
            "Pryce-Jones",
            "Brontë",
            "Hughes",
            "Fairfax",
            "Sinclair",
        ),
        ("Joinery", "Tea Importers", "Outfitters", "Engineering"),
        "Ltd",
        ("High Street", "Queen's Road", "Station Lane", "King Edward Terrace"),
        (
            ("SW1A 1AA", "London"),
            ("M1 1AE", "Manchester"),
            ("EH1 1BB", "Edinburgh"),
            ("CF10 1EP", "Cardiff"),
        ),
        ("en",),
        ("+447400", 6),
        _british,
    ),
    "SE": Country(
        ("Åsa", "Göran", "Märta", "Håkan", "Sören", "Lovisa", "Björn", "Ingegärd"),
        ("Ångström", "Åkerlund", "Sjöberg", "Öhman", "Lindqvist", "Bäckström", "Nyström", "Hård"),
        ("Trävaror", "Fiskeri", "Möbler", "Järnhandel"),
        "AB",
        ("Drottninggatan", "Södra vägen", "Ängsvägen", "Östra Hamngatan"),
        (
            ("111 51", "Stockholm"),
            ("411 14", "Göteborg"),
            ("211 34", "Malmö"),
            ("702 10", "Örebro"),
        ),
        ("en",),  # the company writes to Sweden in English: its ERP has no Swedish
        ("+4670", 7),
        _swedish,
    ),
    "IT": Country(
        ("Niccolò", "Chiara", "Giosuè", "Beatrice", "Mosè", "Ludovica", "Ettore", "Noemì"),
        ("D'Angelo", "Rossi", "Nicolò", "Bevilacqua", "Forlì", "De Luca", "Cantù", "Lodà"),
        ("Oreficeria", "Torrefazione", "Marmi", "Pasticceria"),
        "S.r.l.",
        ("Via Garibaldi", "Corso Libertà", "Piazza dell'Unità", "Viale Università"),
        (("20121", "Milano"), ("39100", "Bolzano"), ("34121", "Trieste"), ("50122", "Firenze")),
        ("it",),
        ("+39333", 7),
        _italian,
    ),
}

_SPREAD = ("AT",) * 5 + ("DE",) * 4 + ("CH",) * 2 + ("FR", "ES", "PL", "CZ", "GB", "SE", "IT")
_CATALOGUE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    # category: code prefix, unit, price range in cents, names
    "Kitchen": ("KIT", "Unit", "1490:24900", (
        "Kaffeemühle Graz", "Cafetière à piston", "Teekanne Jäger", "Crêpe pan 28 cm",
        "Paellera esmaltada", "Mörser Granit", "Brotkörbchen rund", "Sauté pan Genève",
        "Käsereibe fein", "Salt cellar Ångström", "Saftpresse Süd", "Fondue-Rechaud")),
    "Furniture": ("FUR", "Unit", "8900:149000", (
        "Bücherregal Eiche", "Židle Dvořák", "Stół dębowy", "Fauteuil Héritage",
        "Côte d'Azur lounger", "Kleiderständer Buche", "Sjöberg desk", "Küchenbank lang",
        "Estantería Peña", "Hocker Wörthersee", "Nachtkästchen", "Garden table Brontë")),
    "Textiles": ("TEX", "Meter", "690:5900", (
        "Lodenstoff grün", "Toile de Provence", "Leinen natur", "Tweed Islay",
        "Baumwolle weiß", "Jacquard crème", "Hanfgewebe schwer", "Damask Łódź",
        "Wollfilz grau", "Velours côtelé", "Seide mitternachtsblau", "Canvas 400 g/m²")),
    "Delicatessen": ("DEL", "Kilogram", "490:7900", (
        "Bergkäse gereift", "Jamón de bellota", "Kürbiskerne", "Gruyère AOP",
        "Kaffee Röstung Wien", "Żurek-Mischung", "Turrón blando", "Pralinés assortis",
        "Mohn gemahlen", "Speck Südtirol", "Torrone alle mandorle", "Earl Grey loose leaf")),
    "Oils": ("OIL", "Liter", "790:6900", (
        "Kürbiskernöl g.g.A.", "Aceite de oliva añejo", "Huile de noix", "Olio di Forlì",
        "Rapsöl kaltgepresst", "Leinöl Mühlviertel", "Walnussöl", "Huile d'argan",
        "Sesamöl geröstet", "Distelöl", "Möbelöl Buche", "Hårdvaxolja")),
}  # fmt: skip


def customers() -> list[Customer]:
    """Return the ERP's 320 customers, numbered C10001 upwards."""
    made = make_customers(CUSTOMER_COUNT, purpose="erp", number="C", first_serial=10_001)
    return _with_shared_traits(made)


def make_customers(
    count: int, *, purpose: str, number: str, first_serial: int, domain: str = "example"
) -> list[Customer]:
    """Return `count` customers drawn from the lists; `purpose` seeds the generator.

    Populations drawn with disjoint serials and different domains share no telephone number
    and no e-mail address.
    """
    rng = _random(purpose)
    emails: set[str] = set()
    tax_ids: set[str] = set()
    made: list[Customer] = []
    for serial in range(first_serial, first_serial + count):
        customer = _draw(rng, serial, number, domain)
        made.append(_made_unique(customer, serial, emails, tax_ids))
    return made


def products() -> list[Product]:
    """Return the 60 products, twelve in each of five categories; three of them are inactive."""
    rng = _random("products")
    made: list[Product] = []
    for category, (prefix, unit, cents, names) in _CATALOGUE.items():
        low, high = (int(bound) for bound in cents.split(":"))
        for position, name in enumerate(names, start=1):
            price = Decimal(rng.randrange(low, high, 10)) / 100
            active = len(made) % 20 != 19
            made.append(
                Product(f"{prefix}-{position:04}", name, unit, _cents(price), category, active)
            )
    return made


def sales() -> list[Sale]:
    """Return 120 sales of January to June 2026, oldest first, one to four lines each."""
    rng = _random("sales")
    buyers = [customer for customer in customers() if customer.active]
    goods = [product for product in products() if product.active]
    first = date(2026, 1, 5)
    days = sorted(rng.randrange(170) for _ in range(SALE_COUNT))
    return [_sale(rng, first + timedelta(days=day), rng.choice(buyers), goods) for day in days]


def ascii_name(name: str) -> str:
    """Return `name` the way a clerk without accents types it: ö as oe, ß as ss, č as c."""
    for written, typed in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ł", "l")):
        name = name.replace(written, typed).replace(written.upper(), typed.capitalize())
    decomposed = unicodedata.normalize("NFKD", name)
    return decomposed.encode("ascii", "ignore").decode("ascii")


def _random(purpose: str) -> random.Random:
    return random.Random(f"midspan demo company: {purpose}")  # noqa: S311 - test data, no secret


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def _draw(rng: random.Random, serial: int, number: str, domain: str) -> Customer:
    code = rng.choice(_SPREAD)
    country = COUNTRIES[code]
    kind: Kind = "company" if rng.random() < 0.35 else "person"
    first, last = rng.choice(country.first_names), rng.choice(country.last_names)
    trade = rng.choice(country.trades)
    person = kind == "person"
    name = f"{first} {last}" if person else f"{last} {trade} {country.legal_form}"
    postal_code, city = rng.choice(country.towns)
    tax_id = country.tax_id(rng)
    return Customer(
        number=f"{number}{serial}",
        kind=kind,
        name=name,
        first_name=first if person else None,
        last_name=last if person else None,
        email=_email(first, last, trade, person, domain) if rng.random() > 0.06 else None,
        phone=_phone(country, serial) if rng.random() > 0.12 else None,
        tax_id=tax_id if rng.random() < (0.05 if person else 0.9) else None,
        street=f"{rng.choice(country.streets)} {rng.randrange(1, 180)}",
        postal_code=postal_code,
        city=city,
        country=code,
        language=rng.choice(country.languages),
        active=rng.random() > 0.04,
    )


def _email(first: str, last: str, trade: str, person: bool, domain: str) -> str:
    if person:
        return f"{_slug(first)}.{_slug(last)}@{domain}.org"
    return f"office@{_slug(last)}-{_slug(trade)}.{domain}.com"


def _slug(name: str) -> str:
    typed = ascii_name(name).lower().replace(" ", "-")
    return "".join(letter for letter in typed if letter.isalnum() or letter == "-")


def _phone(country: Country, serial: int) -> str:
    prefix, digits = country.phone
    # A multiplier prime to ten scatters consecutive serials without ever meeting one twice.
    return f"{prefix}{serial * 7919 % 10**digits:0{digits}}"


def _made_unique(customer: Customer, serial: int, emails: set[str], tax_ids: set[str]) -> Customer:
    if customer.email in emails:
        local, host = customer.email.split("@")
        customer = replace(customer, email=f"{local}.{serial}@{host}")
    if customer.tax_id in tax_ids:
        customer = replace(customer, tax_id=None)
    emails.update(filter(None, [customer.email]))
    tax_ids.update(filter(None, [customer.tax_id]))
    return customer


def _with_shared_traits(made: list[Customer]) -> list[Customer]:
    """Give four households one telephone and three pairs of strangers one name."""
    persons = [at for at, customer in enumerate(made) if customer.kind == "person"]
    reachable = [at for at in persons if made[at].phone]
    for one, other in zip(reachable[10:14], reachable[20:24], strict=True):
        made[other] = _moved_in(made[other], made[one])
    for one, other in zip(reachable[30:33], reachable[40:43], strict=True):
        namesake = made[one]
        made[other] = replace(
            made[other],
            name=namesake.name,
            first_name=namesake.first_name,
            last_name=namesake.last_name,
        )
    return made


def _moved_in(customer: Customer, host: Customer) -> Customer:
    """Return `customer` at the address and telephone of `host`, under its own first name."""
    return replace(
        customer,
        phone=host.phone,
        street=host.street,
        postal_code=host.postal_code,
        city=host.city,
        country=host.country,
        language=host.language,
    )


def _sale(rng: random.Random, day: date, buyer: Customer, goods: list[Product]) -> Sale:
    currency = {"CH": "CHF", "GB": "GBP"}.get(buyer.country, "EUR")
    chosen = rng.sample(goods, rng.randrange(1, 5))
    lines = tuple(_sale_line(rng, product, currency) for product in chosen)
    return Sale(buyer.number, day, currency, lines)


def _sale_line(rng: random.Random, product: Product, currency: str) -> SaleLine:
    whole = product.unit == "Unit"
    quantity = Decimal(rng.randrange(1, 9)) if whole else Decimal(rng.randrange(5, 250)) / 10
    price = _cents(product.list_price * EXCHANGE_RATES[currency])
    return SaleLine(product.code, quantity, price)
