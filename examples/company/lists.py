"""What the demo company's customers and products are made of: lists of our own, data only.

Invariant: the order of every list is part of the seeded population; an entry added in the middle
changes every value drawn after it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from examples.company import tax_ids


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


@dataclass(frozen=True, slots=True)
class Category:
    """A category's products; `cents` bounds their list prices in euro cents."""

    prefix: str
    unit: str
    cents: tuple[int, int]
    names: tuple[str, ...]


SPREAD = ("AT",) * 5 + ("DE",) * 4 + ("CH",) * 2 + ("FR", "ES", "PL", "CZ", "GB", "SE", "IT")
"""Countries by weight: one entry is one chance."""

# One line a list keeps these the tables they are.
# fmt: off
COUNTRIES: dict[str, Country] = {
    "AT": Country(
        ("Jürgen", "Käthe", "Leopold", "Theresia", "Günther", "Annelies", "Xaver", "Bärbel",
         "Ägidius", "Cäcilia", "Florian", "Gerlinde", "Hedwig", "Ignaz", "Maximilian", "Zäzilie"),
        ("Müller", "Grünwald", "Österreicher", "Pichler", "Kößler", "Weiß", "Höllinger", "Steyrer",
         "Öllerer", "Bäumel", "Gruber", "Haslinger", "Prüller", "Süß", "Thürnau", "Wögerer"),
        ("Holzbau", "Bäckerei", "Möbelwerkstätte", "Weinkellerei"),
        "GmbH",
        ("Mariahilfer Straße", "Körnergasse", "Schönbrunner Allee", "Am Graben"),
        (("1060", "Wien"), ("8010", "Graz"), ("5020", "Salzburg"), ("3100", "St. Pölten")),
        ("de",),
        ("+43664", 7),
        tax_ids.austrian,
    ),
    "DE": Country(
        ("Jörg", "Sören", "Ursula", "Heike", "Björn", "Käthchen", "Uwe", "Änne", "Antje", "Detlef",
         "Friederike", "Götz", "Hannelore", "Jürn", "Rüdiger", "Wiebke"),
        ("Schröder", "Krüger", "Groß", "Jäger", "Schäfer", "Köhler", "Möller", "Voß", "Böhm",
         "Döring", "Fröhlich", "Günther", "Hübner", "Kühn", "Lührs", "Strauß"),
        ("Maschinenbau", "Großhandel", "Küchentechnik", "Fördertechnik"),
        "GmbH & Co. KG",
        ("Königsallee", "Goethestraße", "Bäckerweg", "Am Südtor"),
        (("50667", "Köln"), ("80331", "München"), ("40213", "Düsseldorf"), ("20095", "Hamburg")),
        ("de",),
        ("+49151", 8),
        tax_ids.german,
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
        tax_ids.swiss,
    ),
    "FR": Country(
        ("Élodie", "François", "Hélène", "Jérôme", "Zoë", "Gaël", "Inès", "Benoît"),
        ("Lefèvre", "Besançon", "Crépin", "Noël", "Dubois", "Béranger", "Hôtelier", "Garçon"),
        ("Fromagerie", "Ébénisterie", "Librairie", "Électricité"),
        "SARL",
        ("rue de la République", "avenue Général Leclerc", "place de l'Église", "quai d'Orléans"),
        (("69002", "Lyon"), ("38000", "Grenoble"), ("42000", "Saint-Étienne"),
         ("67000", "Strasbourg")),
        ("fr",),
        ("+336", 8),
        tax_ids.french,
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
        tax_ids.spanish,
    ),
    "PL": Country(
        ("Łukasz", "Małgorzata", "Zbigniew", "Agnieszka", "Świętosława", "Paweł", "Bożena",
         "Józef"),
        ("Świątek", "Wójcik", "Kamiński", "Dąbrowski", "Żuraw", "Gołąb", "Źrebiec", "Ćwik"),
        ("Hurtownia", "Budownictwo", "Młyn", "Usługi"),
        "Sp. z o.o.",
        ("ulica Piękna", "ulica Długa", "aleja Róż", "ulica Świętokrzyska"),
        (("00-549", "Warszawa"), ("31-146", "Kraków"), ("80-831", "Gdańsk"), ("90-001", "Łódź")),
        ("pl",),
        ("+4860", 7),
        tax_ids.polish,
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
        tax_ids.czech,
    ),
    "GB": Country(
        ("Siân", "Oliver", "Zoë", "Hamish", "Chloë", "Rhys", "Imogen", "Alasdair"),
        ("O'Brien", "Ashworth", "MacLeod", "Pryce-Jones", "Brontë", "Hughes", "Fairfax",
         "Sinclair"),
        ("Joinery", "Tea Importers", "Outfitters", "Engineering"),
        "Ltd",
        ("High Street", "Queen's Road", "Station Lane", "King Edward Terrace"),
        (("SW1A 1AA", "London"), ("M1 1AE", "Manchester"), ("EH1 1BB", "Edinburgh"),
         ("CF10 1EP", "Cardiff")),
        ("en",),
        ("+447400", 6),
        tax_ids.british,
    ),
    "SE": Country(
        ("Åsa", "Göran", "Märta", "Håkan", "Sören", "Lovisa", "Björn", "Ingegärd"),
        ("Ångström", "Åkerlund", "Sjöberg", "Öhman", "Lindqvist", "Bäckström", "Nyström", "Hård"),
        ("Trävaror", "Fiskeri", "Möbler", "Järnhandel"),
        "AB",
        ("Drottninggatan", "Södra vägen", "Ängsvägen", "Östra Hamngatan"),
        (("111 51", "Stockholm"), ("411 14", "Göteborg"), ("211 34", "Malmö"),
         ("702 10", "Örebro")),
        ("en",),  # the company writes to Sweden in English: its ERP has no Swedish
        ("+4670", 7),
        tax_ids.swedish,
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
        tax_ids.italian,
    ),
}

CATALOGUE: dict[str, Category] = {
    "Kitchen": Category(
        "KIT",
        "Unit",
        (1490, 24900),
        ("Kaffeemühle Graz", "Cafetière à piston", "Teekanne Jäger", "Crêpe pan 28 cm",
         "Paellera esmaltada", "Mörser Granit", "Brotkörbchen rund", "Sauté pan Genève",
         "Käsereibe fein", "Salt cellar Ångström", "Saftpresse Süd", "Fondue-Rechaud"),
    ),
    "Furniture": Category(
        "FUR",
        "Unit",
        (8900, 149000),
        ("Bücherregal Eiche", "Židle Dvořák", "Stół dębowy", "Fauteuil Héritage",
         "Côte d'Azur lounger", "Kleiderständer Buche", "Sjöberg desk", "Küchenbank lang",
         "Estantería Peña", "Hocker Wörthersee", "Nachtkästchen", "Garden table Brontë"),
    ),
    "Textiles": Category(
        "TEX",
        "Meter",
        (690, 5900),
        ("Lodenstoff grün", "Toile de Provence", "Leinen natur", "Tweed Islay", "Baumwolle weiß",
         "Jacquard crème", "Hanfgewebe schwer", "Damask Łódź", "Wollfilz grau", "Velours côtelé",
         "Seide mitternachtsblau", "Canvas 400 g/m²"),
    ),
    "Delicatessen": Category(
        "DEL",
        "Kilogram",
        (490, 7900),
        ("Bergkäse gereift", "Jamón de bellota", "Kürbiskerne", "Gruyère AOP",
         "Kaffee Röstung Wien", "Żurek-Mischung", "Turrón blando", "Pralinés assortis",
         "Mohn gemahlen", "Speck Südtirol", "Torrone alle mandorle", "Earl Grey loose leaf"),
    ),
    "Oils": Category(
        "OIL",
        "Liter",
        (790, 6900),
        ("Kürbiskernöl g.g.A.", "Aceite de oliva añejo", "Huile de noix", "Olio di Forlì",
         "Rapsöl kaltgepresst", "Leinöl Mühlviertel", "Walnussöl", "Huile d'argan",
         "Sesamöl geröstet", "Distelöl", "Möbelöl Buche", "Hårdvaxolja"),
    ),
}
