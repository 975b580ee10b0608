"""Words that values are made of: legal forms, first names, streets, units, yes and no."""

from typing import Literal


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEGAL_FORMS = _words(
    """
    gmbh ag kg ohg og eg ek eu ug gbr gesmbh gesellschaft se mbh ltd limited llc inc
    incorporated corp corporation co company plc llp sarl sas sa eurl snc scop srl srls spa
    sapa ss sl slu sau bv nv vof cv spzoo spz spj spk spolka sro as spol vos doo dd kft zrt bt
    nyrt rt ab hb oy oyj aps is ans asa lda ltda sgps sprl srlcv pty pvt bhd pte kk gie kgaa
    stiftung verein ev group holding gruppe sons bros partners associates cokg
    """
)

FIRST_NAMES = _words(
    """
    anna maria peter thomas michael andreas stefan christian martin markus daniel wolfgang
    klaus juergen hans franz josef karl johann walter werner gerhard helmut manfred heinz uwe
    bernd ralf frank joerg dirk sven jan lukas felix jonas leon paul tim max maximilian
    alexander sebastian tobias florian philipp simon david julia laura lena lisa sarah
    katharina christina sandra claudia monika petra sabine susanne ursula ingrid renate helga
    gisela karin birgit andrea barbara eva elisabeth johanna sophie marie emma mia hannah lea
    nina katja heike silke kaethe greta klara clara ida otto emil anton moritz jakob reto beat
    urs ueli regula jean pierre michel jacques philippe alain bernard patrick nicolas julien
    antoine francois laurent olivier christophe pascal claire camille chloe manon lucie sylvie
    nathalie isabelle catherine valerie sandrine celine aurelie emilie marc luc louis hugo
    thierry guillaume jose juan carlos luis antonio manuel francisco javier miguel angel pedro
    pablo alejandro fernando jorge rafael sergio alberto diego carmen lucia ana isabel pilar
    dolores cristina marta elena rosa teresa laia nuria ines beatriz raquel alvaro ignacio
    ramon giuseppe giovanni marco luca andrea francesco alessandro matteo lorenzo paolo
    roberto stefano antonella giulia chiara francesca sara valentina federica elisa silvia
    paola martina giorgia mario luigi salvatore davide simone riccardo enrico piotr krzysztof
    andrzej jan tomasz pawel marcin michal grzegorz jerzy adam lukasz zbigniew katarzyna
    malgorzata agnieszka ewa krystyna elzbieta magdalena joanna aleksandra zofia jakub mateusz
    wojciech kamil marek jiri josef pavel jaroslav tomas miroslav vaclav zdenek karel milan
    lenka hana jana lucie katerina alena vera petr ondrej vojtech eliska tereza jan johannes
    willem hendrik cornelis pieter kees piet sanne daan bram thijs anouk femke lars erik nils
    bjorn anders johan per mikael karin ingrid astrid freja mette soren jens mads rasmus
    henrik kari ole kristina matti juha mikko timo anneli istvan laszlo zoltan ferenc gabor
    attila sandor katalin erzsebet zsuzsanna john james robert william richard charles joseph
    mary patricia jennifer linda susan jessica karen nancy emily olivia amelia jack harry
    oliver george edward henry thomas alice grace kevin brian steven mark paul andrew joshua
    matthew anthony donald kenneth ronald helen margaret ruth sharon michelle laura kimberly
    amanda melissa deborah stephanie rebecca joao paulo miguel rui tiago ana ines joana ion
    andrei mihai elena ioana mehmet mustafa ahmet ali fatma ayse mohammed omar fatima yusuf
    aisha ivan dmitri olga natalia igor sergei wei li ming yuki hiroshi
    """
)

STREET_WORDS = _words(
    """
    strasse str gasse weg platz allee ring damm ufer gasse rue avenue av bd boulevard chemin
    impasse quai route allees cours calle avda avenida plaza paseo camino carrer via viale
    piazza corso largo vicolo strada straat laan weg plein gracht kade dreef singel ulica ul
    al aleja os osiedle plac ulice namesti trida nabrezi gatan gata vagen gade vej alle gate
    vei veien katu tie utca ut ter korut rua travessa praca street st road rd ave lane ln
    drive dr court ct way close crescent terrace square blvd highway hwy parkway pkwy place pl
    """
)

UNIT_WORDS = _words(
    """
    pc pcs pce piece pieces st stk stck stueck ea each unit units h87 c62 kg kgm g grm gr gram
    gramm kilogram kilogramm t to tne ton tonne l ltr lt liter litre ml mlt cl hl m mtr meter
    metre cm cmt mm mmt km m2 mtk qm m3 mtq cbm sqm ft foot in inch yd box bx karton kar ktn
    ctn carton pack pk pkg packung pak pal palette pallet set bag sack btl fl flasche bottle
    dose dozen dz dzn paar pair pr rol rolle roll rl h hur hour std stunde day tag szt opak op
    kpl para ks bal u ud uds unidad caja cj un pz pza nr conf paio stuk stuks doos rol fles lb
    lbr oz onz gal pal bdl bund sh blatt sheet piezas pieza piece piece lot db csomag fles kus
    krt
    """
)

YES = _words(
    """
    1 true t yes y on ja j wahr oui o vrai si s vero verdadero ano a tak x w igen i da kylla sim
    yep verdadeiro
    """
)
NO = _words("0 false f no n off nein falsch non faux falso ne nie nej nem nu ei nao -")
BOOLEAN_WORDS = YES | NO

STATUS_WORDS: dict[str, bool] = dict.fromkeys(
    _words(
        """
    active aktiv enabled open published publish live actif activo attivo actief aktywny
    aktivni available normal ok current approved a valid gueltig in_use for_sale listed
    """
    ),
    True,
) | dict.fromkeys(
    _words(
        """
    inactive inaktiv disabled closed blocked gesperrt deleted geloescht archived discontinued
    draft private trash pending inactif bloque supprime inactivo bloqueado baja inattivo
    bloccato inactief geblokkeerd nieaktywny zablokowany neaktivni zablokovan obsolete
    suspended hidden i d auslauf retired cancelled unlisted stillgelegt
    """
    ),
    False,
)
"""Words for a state, and whether they mean that the record is in use."""

Kind = Literal["person", "company"]

_COMPANY: Kind = "company"
_PERSON: Kind = "person"
KIND_WORDS: dict[str, Kind] = dict.fromkeys(
    _words(
        """
    company c b f u firma firm business organization organisation org o legal j corporate
    unternehmen gewerblich juristisch entreprise societe morale pm empresa juridica pj azienda
    societa giuridica bedrijf zakelijk rechtspersoon prawna spolecnost pravnicka foretag
    erhverv yritys ceg group b2b geschaeftskunde legal_entity enterprise professional pro gk
    zakelijke
    """
    ),
    _COMPANY,
) | dict.fromkeys(
    _words(
        """
    person p i n individual private privat privatperson privatkunde natural natuerlich
    consumer particulier particular physique pp fisica pf privato privata persona persoon
    osoba fyzicka fizyczna prive henkilo b2c personal pk customer individuo
    """
    ),
    _PERSON,
)
"""Words for what a customer is."""
