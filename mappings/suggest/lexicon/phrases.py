"""What the columns that feed canonical fields are called.

A slot is a canonical field, or a part that a field is made of (``first_name``, ``inactive``).
Where an entity's name stands before the dot, the phrases hold for that entity alone.
"""

PHRASES: dict[str, str] = {
    "customer.name": """
        name, full name, display name, customer name, account name, party name, partner name,
        client name, kunde, kunden name, bezeichnung, anzeige name, nom, nom client,
        nom complet, raison sociale, denomination, nombre, nombre cliente, nombre completo,
        razon social, denominazione, ragione sociale, nome, nome cliente, nome completo,
        nominativo, intestatario, intestazione, naam, klant naam, bedrijfs naam, nazwa,
        nazwa klienta, nazwa firmy, nazwa kontrahenta, nazev, jmeno, obchodni jmeno, namn,
        kund namn, navn, kunde navn, nimi, nev, ugyfel nev, razao social, cliente,
        organization name, firmen bezeichnung, firmierung, debitor, legal name, nume, denumire,
        naziv, ime, nm, cust nm, libelle, intitule, imie i nazwisko, meno, vollstaendiger name
    """,
    "first_name": """
        first name, given name, forename, firstname, fname, vorname, vor name, rufname, prenom,
        nombre de pila, primer nombre, nombres, nome, voornaam, imie, jmeno, krestni jmeno,
        fornamn, fornavn, etunimi, kereszt nev, keresztnev, primeiro nome, prenume, nome proprio,
        prenom client, givenname, meno, vn
    """,
    "last_name": """
        last name, surname, family name, lastname, lname, nachname, nach name, familien name,
        zuname, nom de famille, nom, apellido, apellidos, primer apellido, cognome, achternaam,
        familie naam, nazwisko, prijmeni, efternamn, efternavn, etternavn, sukunimi,
        csalad nev, vezetek nev, sobrenome, apelido, ultimo nome, nume de familie, priezvisko,
        familyname
    """,
    "company": """
        company, company name, firma, firmen name, firmenwortlaut, unternehmen,
        unternehmens name, betrieb, societe, entreprise, nom societe, raison sociale, empresa,
        nombre empresa, azienda, societa, ditta, bedrijf, bedrijfs naam, firma nazwa,
        nazwa firmy, spolecnost, nazev firmy, foretag, foeretag, virksomhed, bedrift, yritys,
        ceg, ceg nev, business name, organization, organisation, org name, organisation name,
        razon social, ragione sociale, trading name, razao social, companyname, firma name
    """,
    "name_extra": """
        name 2, name ii, second name, name zusatz, zusatz, name addition, company 2, name2,
        firma 2, namens zusatz, firmen zusatz, complement nom, nazwa 2, name suffix 2,
        nome 2, nombre 2, nom 2, naam 2, name line 2, department name, nazev 2
    """,
    "email": """
        email, e mail, mail, email address, mail address, e mail adresse, email adresse, mail adr,
        courriel, adresse mail, adresse electronique, adresse courriel, correo, correo electronico,
        direccion correo, posta elettronica, indirizzo email, e post, epost, epost adress,
        sahkoposti, drotova, poczta elektroniczna, adres email, adres e mail, elektronicka posta,
        e posta, smtp address, smtp, email addr, mel, indirizzo mail, mailadres
    """,
    "phone": """
        phone, telephone, tel, phone number, telephone number, tel no, tel nr, phone no, telefon,
        telefon nummer, telefonnr, fon, ruf nummer, fernsprecher, festnetz, numero telephone,
        numero de telephone, telephone fixe, tel fixe, telefono, numero telefono, telefono fijo,
        telefoon, telefoon nummer, telefone, numer telefonu, nr telefonu, telefonni cislo,
        telefon nummer, tlf, puhelin, puhelin numero, telefonszam, telefon szam, landline,
        business phone, phone 1, tel 1, telefon 1, main phone, daytime telephone, fono, ph
    """,
    "mobile": """
        mobile, mobile phone, cell, cell phone, handy, mobil, mobil telefon, handy nummer,
        portable, telephone portable, tel portable, movil, telefono movil, celular, cellulare,
        mobiel, mobiele telefoon, gsm, komorka, telefon komorkowy, mobilni telefon, telemovel,
        mobil nummer, matkapuhelin, natel, mobile number, mobile no
    """,
    "tax_id": """
        vat, vat id, vat no, vat number, vat registration no, vat registration number, tax id,
        tax number, tax no, tax registration number, tax identification number, uid, uid nr,
        uid nummer, ust id, ust id nr, ust idnr, ustid, umsatzsteuer id, umsatzsteuer nummer,
        umsatz steuer ident nummer, mwst nr, mwst nummer, steuer nummer, steuer nr, num tva,
        numero tva, tva intracom, tva intracommunautaire, no tva, tva, n tva, nif, cif, nif cif,
        numero identificacion fiscal, partita iva, p iva, piva, codice fiscale, btw nummer,
        btw nr, btw, nip, numer nip, dic, danove identifikacni cislo, momsnr, moms nummer,
        moms reg nr, cvr, cvr nummer, adoszam, ado szam, alv numero, y tunnus, ein, gst, gstin,
        cnpj, rfc, cuit, abn, contribuinte, numero contribuinte, cod fiscal, tin, eu vat,
        fiscal number, fiscal id, ic dph, vat code, identificacion fiscal
    """,
    "street": """
        street, street address, address, address line 1, address 1, addr, addr 1, adresse, strasse,
        str, strassen name, anschrift, strasse hausnummer, strasse und hausnummer, adress zeile 1,
        rue, voie, adresse 1, adresse ligne 1, calle, direccion, domicilio, direccion 1, via,
        indirizzo, straat, straat naam, adres, ulica, ulice, adresa, gata, gatuadress, gade, vej,
        vejnavn, gate, adress, utca, cim, osoite, katuosoite, rua, morada, endereco, logradouro,
        strada, street name, address street, line 1, address line, addrline, via e numero,
        ulica i numer, ulice a cislo, calle y numero, num et voie, adresse postale, lakcim
    """,
    "house_number": """
        house number, house no, street number, street no, building number, hausnummer, haus nr,
        hnr, hausnr, haus nummer, numero de rue, num voie, numero voie, numero civico, civico,
        numero calle, num calle, huisnummer, huis nr, nr domu, numer domu, numer budynku,
        nr budynku, cislo popisne, cislo domu, cp, husnummer, hus nr, hazszam, haz szam,
        numero porta, house num, no rue
    """,
    "street_extra": """
        street 2, address 2, address line 2, addr 2, adresse 2, strasse 2, adress zusatz,
        complement, complement adresse, direccion 2, indirizzo 2, adres 2, line 2,
        extended address, adress zeile 2, suite, apartment, unit number, toevoeging
    """,
    "postal_code": """
        postal code, post code, postcode, zip, zip code, zipcode, plz, postleitzahl, post leit zahl,
        code postal, cp, codigo postal, cod postal, cap, codice avviamento postale, kod pocztowy,
        kod, psc, postovni smerovaci cislo, smerovaci cislo, postnummer, post nr, postnr,
        posti numero, iranyito szam, irsz, irszam, cep, codigo postal, cod postal, pcode,
        postal, codpostal, zip postal code, post no, npa
    """,
    "city": """
        city, town, place, locality, ort, stadt, wohnort, ortschaft, gemeinde, ville, commune,
        localite, ciudad, poblacion, localidad, municipio, citta, comune, localita, plaats,
        woonplaats, stad, gemeente, miasto, miejscowosc, mesto, obec, postort, by, poststed,
        postby, paikkakunta, postitoimipaikka, varos, telepules, cidade, localidade, oras,
        localitate, city name, suburb, city town, orts name, helyseg, ort name, post town
    """,
    "country": """
        country, country code, country id, country iso, country region, country region code,
        country key, country name, land, land kz, lkz, laender code, laender schluessel,
        laender kennzeichen, staat, nation, nationalitaet, pays, code pays, pais, codigo pais,
        cod pais, paese, nazione, stato, landcode, land code, kraj, kod kraju, panstwo, zeme, stat,
        kod zeme, maa, orszag, orszag kod, tara, drzava, iso country, country 2, landes kennung,
        cntry, ctry, krajina, iso land, land iso, nation code
    """,
    "language": """
        language, lang, language code, language id, locale, preferred language, sprache,
        sprach code, sprachen schluessel, korrespondenz sprache, sprach kennzeichen, langue,
        code langue, idioma, lengua, codigo idioma, lingua, taal, taal code, jezyk, kod jezyka,
        jazyk, sprak, spraak, spraakkod, sprog, kieli, nyelv, lang code, limba, iso lang, spr
    """,
    "marketing_consent": """
        marketing consent, marketing ok, marketing, newsletter, newsletter subscription,
        newsletter opt in, opt in, optin, mailing ok, mailing, subscribed, is subscribed,
        accepts marketing, email opt in, werbung, werbe einwilligung, werbung erlaubt,
        werbe erlaubnis, einwilligung, abonnement newsletter, accord marketing, consentement,
        consent, consentimiento, acepta publicidad, publicidad, boletin, consenso,
        consenso marketing, reclame toestemming, nieuwsbrief, zgoda marketing, zgoda marketingowa,
        zgoda, souhlas, souhlas marketing, nyhetsbrev, nyhedsbrev, hirlevel, gdpr consent,
        allow marketing, receive newsletter, email subscribed, consentimento, abonat newsletter,
        infos commerciales
    """,
    "no_marketing": """
        opt out, no marketing, no mail, no email, do not contact, do not mail, do not email,
        opted out, unsubscribed, werbe sperre, keine werbung,
        robinson, blacklist, blacklisted, mailing sperre, kein newsletter, no publicidad,
        email opt out, no newsletter, refus marketing, newsletter abgemeldet
    """,
    "active": """
        active, is active, aktiv, enabled, is enabled, actif, activo, attivo, actief, aktywny,
        aktivni, aktiv kz, status, state, published, publish, visible, verfuegbar, activity status,
        customer status, in use, valid, gueltig, actif o n, vigente, ativo, en activite, estado,
        stato, statut, statu, aktywne, is valid, is published, available, enable, stav, sellable,
        for sale
    """,
    "inactive": """
        dormant, sommeil, mise en sommeil, discontinued date, deleted date, date deleted,
        closed date, blocked date, archived at, data cessazione, data odejscia, stilllegung,
        stillgelegt, inactive, deleted, is deleted, deletion flag, delete flag, del flag, deleted
        at, blocked,
        is blocked, block, locked, disabled, archived, is archived, discontinued, closed, obsolete,
        inaktiv, geloescht, loesch kennzeichen, loesch vormerkung, loeschung, gesperrt, sperre,
        sperr kennzeichen, auslauf, auslauf artikel, inactif, supprime, bloque, archive, inactivo,
        bloqueado, baja, fecha baja, anulado, eliminado, descatalogado, bloccato, annullato,
        inattivo, fuori produzione, cancellato, geblokkeerd, verwijderd, inactief, vervallen,
        zablokowany, usuniety, nieaktywny, wycofany, smazano, zruseno, blokovano, neaktivni,
        spaerrad, borttagen, slettet, sperret, torolt, inativo, suspended, cancelled, end of life,
        removed, hidden, retired, tiltott, letiltva, zarolt, zakazany, zakazano
    """,
    "kind": """
        kind, type, customer type, party type, partner type, account type, is company, is person,
        is person account, person or company, legal form type, kunden art, kunden typ, art, typ,
        personen art, rechts form, type client, type tiers, tipo, tipo cliente, tipo persona,
        tipo soggetto, persona fisica giuridica, soort, klant type, soort klant, rodzaj,
        rodzaj klienta, typ klienta, typ zakaznika, typ kontrahenta, kundtyp, kundetype,
        company type, contact type, natural person, legal entity, juridical, business type,
        company flag, is business, private or business, is organization, physical person,
        private person, firma privat, gewerblich, b2b, personne morale, persona juridica
    """,
    "code": """
        code, no, nr, number, nummer, product code, item code, item no, item number, article no,
        article number,
        article code, part no, part number, product no, product number, sku, material,
        material number, material no, stock code, artikel nr, artikel nummer, artikelnr,
        artikel code, art nr, artnr, material nummer, mat nr, teile nummer, produkt nummer,
        bestell nummer, sach nummer, reference, ref, ref article, reference article,
        reference produit, code article, code produit, codigo, codigo articulo,
        codigo producto, cod articulo, referencia, codice, codice articolo, cod articolo,
        cod art, codice prodotto, artikel nummer, productcode, kod, kod produktu, kod towaru,
        indeks, symbol, symbol towaru, katalogove cislo, kod zbozi, cislo zbozi, cislo produktu,
        artikkel nummer, varenummer, vare nr, tuote numero, tuotekoodi, cikkszam,
        internal reference, codigo produto, cod produs, item id, model, model number,
        item reference, cod art
    """,
    "product.name": """
        name, product name, item name, article name, description, product description,
        item description, short description, title, product title, bezeichnung,
        artikel bezeichnung, benennung, produkt bezeichnung, produkt name, kurz text,
        material kurztext, artikel name, text, artikel text, bezeichnung 1, libelle,
        libelle article, designation, intitule, nom, nom produit, nombre, descripcion,
        descripcion articulo, denominacion, denominazione, descrizione, descrizione articolo,
        nome, nome prodotto, omschrijving, product omschrijving, artikel omschrijving,
        benaming, nazwa, nazwa towaru, nazwa produktu, opis, nazev, nazev zbozi, nazev produktu,
        popis, benaemning, varunamn, beskrivning, varenavn, betegnelse, beskrivelse,
        tuotenimi, nimi, megnevezes, cikk nev, nev, descricao, designacao, nome produto, denumire,
        item desc, prod desc, tekst, vare tekst, texte, texto, testo, descr, material description,
        variant name, nm
    """,
    "category": """
        category, product category, category name, category id, categ, product group, item group,
        item category, item category code, product family, family, product type, group,
        material group, class, waren gruppe, artikel gruppe, wgr, produkt gruppe, kategorie,
        sortiment, waren gruppen, haupt gruppe, familie, famille, famille article, categorie,
        rayon, gamme, familia, categoria, grupo, grupo articulo, gruppo, gruppo merceologico,
        categoria merceologica, famiglia, reparto, productgroep, artikelgroep, groep, categorie,
        kategoria, grupa, grupa towarowa, kategorie, skupina, skupina zbozi, varugrupp, kategori,
        varegruppe, tuoteryhma, cikkcsoport, csoport, kategoria, grupo de artigos, department,
        gruppe, linea, product line, segment, collection, subcategory
    """,
    "unit": """
        unit, uom, unit of measure, unit of measurement, base unit, base unit of measure,
        sales unit, default uom, measure, measure unit, einheit, mengen einheit, me,
        basis mengen einheit, verkaufs einheit, unite, unite de mesure, unite de vente,
        unite vente, unidad, unidad medida, unidad de medida, unita, unita di misura,
        unita misura, um, eenheid, verkoop eenheid, jednostka, jednostka miary, jm, jednotka,
        merna jednotka, mj, enhet, enhed, yksikko, mertek egyseg, mennyisegi egyseg, unidade,
        unitate masura, u m, uom id, quantity unit, quantity unit of measure, qty unit,
        preis einheit, sales unit of measure, meinh, un, ud
    """,
    "list_price": """
        list price, price, sales price, sale price, unit price, selling price, retail price,
        standard price, base price, regular price, catalog price, gross price, net price,
        preis, verkaufs preis, vk, vk preis, vk netto, vk brutto, listen preis, netto preis,
        brutto preis, uvp, einzel preis, prix, prix de vente, prix vente, prix unitaire, prix ht,
        prix ttc, pv ht, pvp, precio, precio venta, precio de venta, precio unitario, tarifa,
        prezzo, prezzo vendita, prezzo di vendita, prezzo listino, listino, prijs, verkoop prijs,
        adviesprijs,
        cena, cena sprzedazy, cena netto, cena brutto, cena katalogowa, prodejni cena,
        cena bez dph, prodejni cena, pris, forsaljningspris, salgspris, utsalgspris, hinta,
        myyntihinta, ar, eladasi ar, netto ar, preco, preco venda, pret, pret vanzare, msrp, rrp,
        price tax excluded, recommended retail price, prc, standard rate, selling rate, rate, sell
        price, fixed price
    """,
    "price.amount": """
        amount, price, unit price, sales price, net price, list price, value, rate, condition
        amount, preis, betrag, netto preis, verkaufs preis, vk preis, einzel preis, konditions
        betrag, prix, prix unitaire, montant, prix ht, precio, importe, precio unitario, tarifa,
        prezzo, importo, prezzo unitario, prijs, bedrag, cena, kwota, cena netto, castka, pris,
        belopp, beloeb, belop, hinta, ar, osszeg, preco, valor, pret, valoare, net amount, cost,
        fixed price, price amount, price value, staffel preis, vk, brutto preis, verkoop prijs,
        prc, direct unit cost
    """,
    "currency": """
        currency, currency code, currency id, currency key, currency iso code, curr, cur, ccy,
        waehrung, waehrungs code, waehrungs schluessel, whg, wkz, devise, monnaie,
        code devise, moneda, divisa, codigo moneda, valuta, codice valuta, valuta code, waluta,
        kod waluty, mena, kod meny, valuutta, deviza, penznem, moeda, moneda, iso currency,
        currency iso, price currency, valutakod, valutakode, curcy, crncy
    """,
    "product_code": """
        product code, product, product id, item, item no, item code, item number, article,
        article no, article number, part number, sku, material, material number, code,
        artikel, artikel nr, artikel nummer, art nr, artikelnr, material nummer, mat nr, produkt,
        produkt nummer, code article, reference, ref article, article ref, codigo articulo,
        referencia, articulo, producto, codice articolo, articolo, cod art, prodotto, product
        code, kod towaru, towar, kod produktu, symbol, indeks, zbozi, cislo zbozi, vare,
        varenummer, vara, tuote, tuotekoodi, cikkszam, cikk, produto, produs, asset no,
        product number, stock code, ref, cod articulo, kod, product ref
    """,
    "valid_from": """
        valid from, validity start, starting date, start date, from date, date from, effective
        date, effective from, date start, begin date, begins at, valid since, gueltig ab,
        gueltig von, gueltigkeits beginn, ab datum, ab, von datum, datum von, datum ab, preis
        datum, date debut, date de debut, valable du, debut validite, date effet, a partir du,
        du, fecha inicio, fecha desde, valido desde, vigente desde, vigencia, desde, data inizio,
        valido dal, dal, data inizio validita, decorrenza, geldig vanaf, vanaf, begin datum,
        ingangs datum, wazne od, data od, obowiazuje od, od, od dnia, platne od, platnost od,
        datum od, giltig fran, giltigt fran, fra dato, gyldig fra, gaeldende fra, voimassa alkaen,
        ervenyes tol, ervenyesseg kezdete, valido a partir, data inicio, valabil de la, start,
        effective start date, price date, active from, date min, wef
    """,
}
