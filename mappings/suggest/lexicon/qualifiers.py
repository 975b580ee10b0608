"""Words that say little by themselves, and words that make a column something else."""

ENTITY_NAMES: dict[str, str] = {
    "customer": """
        customer customers cust client clients kunde kunden kd kdn debitor debitoren partner
        partners party parties account accounts acct tiers cliente clientes clienti klant klanten
        relatie debiteur klient klienci kontrahent kontrahenci zakaznik zakaznici odberatel kund
        kunder asiakas ugyfel vevo contact contacts kontakt kontakte person persons people
        adressen address addresses societe firma firmen company companies crm cst bp buyer
        business lead organization user users member
    """,
    "product": """
        product products prod item items article articles artikel art material materials part
        parts produkt produkte produit produits producto productos articulo articulos prodotto
        prodotti articolo articoli product towar towary zbozi vare vara varor tuote cikk produto
        produtos produs sku goods template variant stock inventory catalog katalog mat
        merchandise teile ware waren artigos
    """,
    "price": """
        price prices pricelist preis preise preisliste prix tarif tarifs precio precios tarifa
        tarifas prezzo prezzi listino listini prijs prijzen prijslijst cena ceny cennik cenik pris
        priser hinta hinnat ar arlista preco precos pret pricebook condition conditions kondition
        konditionen entry entries rate staffel line
    """,
}
"""What a stream of each entity is called; in a column's name these words add nothing."""

CONTEXT = """
    main default primary std standard bill billing invoice rechnung facturation fakturering field
    fld col column value val the of de des du la le di del della von und fuer der die das z w na
    data dat record rec tbl tab table x my current cur official legal public business private
    home general the str txt int chr num dbl bool c t f s z zz bezeichner cd feld kz kennzeichen
    is has hat ist flg flag ind indicator gp fk
"""
"""Words that add nothing to a name."""

GENERIC = "id nr no code number name text nummer num numero key type line kod cislo nom"
"""Words that say what a column holds, not of what."""

QUALIFIERS = """
    shipping ship delivery liefer lieferung livraison envio entrega spedizione consegna verzend
    wysylka dodaci leverans levering user username login bank contact ansprechpartner supplier
    vendor lieferant fournisseur proveedor fornitore leverancier dostawca dodavatel cost purchase
    einkauf ek achat compra acquisto inkoop zakup nakup parent old alt previous former original
    created modified changed updated deleted erstellt geaendert last letzte second secondary
    alternate alternative other weitere spouse mother father emergency birth geburts origin
    ursprung file datei image bild manufacturer hersteller brand marke store shop website web
    fax count date datum time uhrzeit tax steuer mwst rate state region bundesland warehouse lager
    language sprache currency waehrung country land city ort group gruppe discount rabatt special
    compare promo wholesale min max total sum prefix suffix short kurz long lang such search match
    sort hash token owner author sales manager salesperson position meta seo url barcode ean
    weight gewicht volume po box postfach middle maiden bis to until ending end fin fine hasta
    ende tot do till format mask pattern template expiry terms zahlung payment limit credit
    size groesse length width height depth volume dimension term weighted safety color colour
    reason grund history log error counter bounce validated verified confirmed
"""
"""Words that make a column another one's: a shipping city is not the customer's city."""

ABBREVIATIONS: dict[str, str] = {
    "address": "adr ad addrs adrs",
    "amount": "amt am",
    "city": "cty cit",
    "code": "cde",
    "contact": "cntct",
    "country": "cntry ctry ctr cou cntr",
    "currency": "curr cur crcy ccy crncy",
    "customer": "cst cus cstmr csm",
    "date": "dt dte dat",
    "deleted": "dltd",
    "description": "desc dsc descr dscr ds",
    "discount": "disc",
    "effective": "eff",
    "email": "eml emal",
    "expiry": "exp",
    "first": "fst frst",
    "house": "hse hs",
    "item": "itm it itms",
    "language": "lng lan",
    "last": "lst",
    "list": "lst",
    "mobile": "mob",
    "name": "nam nme nm",
    "number": "nbr nmbr numb",
    "phone": "phn phon tlf",
    "postal": "pst postl",
    "price": "prc pr pri",
    "product": "prd prdt prod",
    "quantity": "qty qnty qt",
    "starting": "strt",
    "street": "stre strt",
    "valid": "vld val",
    "unit": "unt",
    "bezeichnung": "bez bezei bezeichng",
    "gruppe": "grp gr",
    "hausnummer": "hnr hsnr",
    "kunde": "kd kun",
    "menge": "mng",
    "nummer": "nr num",
    "preis": "prs pre",
    "strasse": "stras str strs",
    "waehrung": "waehr whrg whg wrg",
    "gueltig": "gltg guelt glt",
    "designation": "desig des",
    "libelle": "lib libl",
    "adresse": "adr adrs",
    "artikel": "art artk",
    "article": "art artcl",
    "categoria": "cat categ",
    "category": "cat ctg catg",
    "descripcion": "desc descrip",
    "telefono": "tel telf tfno tlf fono",
    "provincia": "prov",
    "poblacion": "pobl pob",
    "codigo": "cod",
    "direccion": "dir direc",
    "nombre": "nom nomb",
    "jednostka": "jedn",
    "numer": "nr",
}
"""What databases shorten words to; these are words to cut names by, too."""
