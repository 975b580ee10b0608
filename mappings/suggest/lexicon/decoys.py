"""What columns are called that feed no canonical field, by what they hold.

They compete for a column: one that is better explained by a decoy is left out, and the draft
says why.
"""

DECOYS: dict[str, str] = {
    "a record's own number": """
        id, row id, uuid, guid, oid, rowid, pk, key, nr, no, number, customer no, customer number,
        customer id, cust no, cust id, account number, account no, account id, kunden nr,
        kunden nummer, kd nr, kdnr, kunr, debitoren nummer, konto nummer, debitor nr,
        code client, num client, numero client, code tiers, codigo cliente, num cliente,
        codice cliente, cod cliente, id cliente, klant nummer, klant nr, klant code, klant id,
        numer klienta, kod klienta, id klienta, kod kontrahenta, akronim, cislo zakaznika,
        kod zakaznika, id zakaznika, kund nr, kund nummer, kunde nr, kundenr, asiakas numero,
        vevo kod, ugyfel kod, partner no, party id, record id, entity id, external id, old id,
        legacy id, import id, source id, row number, satz nr, lfd nr, laufende nummer,
        id contact, contact id, company id, parent id, record number, seq, sequence, user id,
        entry no, line no, condition record number, position, sort, sort order, etag
    """,
    "when or by whom the record was made or changed": """
        created at, created on, created, created date, create date, creation date, date created,
        created by, create uid, author, owner, owner id, modified, modified at, modified by,
        modified date, last modified, updated, updated at, date updated, date upd, date add,
        write date, write uid, last modified date, last modified by id, created by id, changed at,
        changed by, change date, system modstamp, timestamp, row version, anlage datum,
        angelegt am, angelegt von, erfasst am, erfasser, erstellt am, erstellt, erstellt von,
        aenderungs datum, geaendert am, geaendert von, aenderer, letzte aenderung, date creation,
        date de creation, cree le, cree par, date modification, date maj, modifie le, utilisateur,
        fecha alta, fecha creacion, fecha modificacion, fecha registro, usuario, data creazione,
        data modifica, data inserimento, aangemaakt, aangemaakt op, gewijzigd, gewijzigd op,
        wijzigings datum, aanmaak datum, data utworzenia, data modyfikacji, data wpisu,
        utworzono, zmieniono, datum vytvoreni, datum zmeny, vytvoreno, zmeneno, upraveno,
        skapad, aendrad, oprettet, endret, luotu, letrehozva, modositva, data cadastro, stamp,
        registration date, registered, date registered, insert date, entry date, last login,
        last visit, last order, last purchase, last update, revision, version, date joined,
        customer since, kunde seit, aedat, erdat, ernam, crt ts, chg ts, import date
    """,
    "a fax number": "fax, fax no, fax number, fax nr, telefax, telecopie, telefaks, faks, fax 1",
    "a second way to call": "telex, pager, phone 2, telefon 2, tel 2, telephone 2, tlf 2",
    "a web site": """
        website, web site, web, url, homepage, home page, www, internet, site web, site internet,
        sitio web, pagina web, sito, sito web, strona www, webove stranky, hemsida, hjemmeside,
        page url, link, slug, permalink, internet adresse, webseite
    """,
    "a login or a secret": """
        password, passwd, pwd, passwort, kennwort, mot de passe, contrasena, wachtwoord, haslo,
        heslo, salt, token, secret, hash, username, user name, login, benutzer, benutzer name,
        user, nickname, password hash, api key, session, remember token, security stamp
    """,
    "a contact person": """
        contact, contact name, contact person, primary contact, ansprech partner, kontakt,
        kontakt person, interlocuteur, persona contacto, contacto, contatto, referente,
        contact persoon, osoba kontaktowa, kontaktni osoba, attention, zhd, contact title
    """,
    "a salutation, a sex or a birthday": """
        salutation, title prefix, gender, sex, gender id, anrede, anrede schluessel, titel,
        geschlecht, civilite, titre, sexe, tratamiento, sexo, titolo, sesso, aanhef, geslacht,
        zwrot, plec, osloveni, pohlavi, kon, birthday, birth date, date of birth, dob,
        geburts datum, geb datum, geburtstag, date naissance, date de naissance, fecha nacimiento,
        data nascita, data di nascita, geboorte datum, data urodzenia, datum narozeni,
        fodelse datum, middle name, initials, suffix, academic title, akad titel, prefix,
        segundo nombre, segundo apellido, job title, position title, function, age
    """,
    "a state or region": """
        state, state code, state id, region, region code, province, county, district, territory,
        bundes land, kanton, bezirk, regio, departement, provincia, comunidad, regione,
        wojewodztwo, powiat, gmina, kraj code, okres, lan, fylke, kommune, megye, uf, estado,
        judet, zone, state province, sales territory, gebiet, provincie, county name, quartier
    """,
    "another address": """
        po box, postfach, boite postale, apartado, casella postale, postbus, po box zip,
        delivery address, shipping address, liefer adresse, ship to, address id, latitude,
        longitude, lat, lng, lon, geo, coordinates, gps, building, floor, room, address type,
        adress nummer, address number, adrnr, postal address id, default address,
        location, location code, transport zone
    """,
    "a bank account": """
        iban, bic, swift, bank, bank account, bank name, bank code, blz, konto, konto inhaber,
        kontonummer, rib, cuenta bancaria, conto, banca, bankrekening, rachunek, numer konta,
        bankovni ucet, cislo uctu, card number, credit card, mandate
    """,
    "terms, limits and balances": """
        credit limit, kredit limit, payment terms, payment term, payment method, payment terms
        code, zahlungs bedingung, zahlungs ziel, zahlungs art, zahlungs bedingungen,
        conditions paiement, mode reglement, forma pago, condiciones pago, condizioni pagamento,
        pagamento, betalings conditie, betaling, termin platnosci, sposob platnosci, splatnost,
        discount, rabatt, skonto, remise, descuento, sconto, korting, rabat, sleva, balance,
        saldo, solde, turnover, umsatz, chiffre affaires, ca annuel, fatturato, omzet, obrot,
        annual revenue, revenue, credit, debit, outstanding, outstanding amount, amount due,
        orders count, total spent, total purchases, max discount, points, loyalty, reward,
        incoterms, shipping conditions, shipping method, delivery terms, liefer bedingung,
        reminder, mahn stufe, risk, limit, plafond, tax rate, minimum price, encours
    """,
    "a group or a price list": """
        customer group, kunden gruppe, price group, price list, preis gruppe, preis liste,
        group id, group code, customer posting group, gen bus posting group, posting group,
        vat bus posting group, vat prod posting group, account group, konten gruppe, tarif,
        groupe tarif, default group, categorie client, grupo cliente, zona, price book id,
        pricelist id, price level, price list id, price book, sales code, sales type,
        customer category, customer segment, industry, branche, branch, sector, nace, sic, segmento,
        sales org, sales organization, distribution channel, division, vertriebs weg, sparte,
        verkaufs organisation, sales district, condition type, store id, website id, shop id,
        id shop, lang id, attribute set, rating, rate group, abc, classification, tags, rank
    """,
    "a person who looks after it": """
        salesperson, sales person, salesperson code, sales rep, rep, employee, vertreter,
        betreuer, aussendienst, sachbearbeiter, commercial, representant, vendedor, agente,
        agent, vertegenwoordiger, handlowiec, opiekun, obchodnik, account manager, responsible,
        mitarbeiter, manager, assigned user, verkoper, representante
    """,
    "notes": """
        note, notes, comment, comments, remark, remarks, memo, notiz, bemerkung, bemerkungen,
        anmerkung, kommentar, remarque, observations, commentaire, observaciones, comentarios,
        nota, osservazioni, opmerking, opmerkingen, uwagi, notatka, poznamka, poznamky,
        anteckning, notat, megjegyzes, info, long description, description long,
        detailed description, long text, lang text, langtext, beschreibung, html,
        full description, body, meta title, meta description, meta keywords, search name,
        match code, suchbegriff, such name, sort field, keywords, search term, alias, extra info
    """,
    "a registration number that is no tax id": """
        registration number, company registration, handels register, hrb, firmenbuch,
        firmenbuch nr, siret, siren, naf, ape, regon, krs, ico, ico cislo, kvk, kvk nummer,
        org nr, organisations nummer, organisasjonsnummer, cegjegyzek, duns, gln, eori, rea,
        passport, id card, personal number, ssn, pesel, dni, registro mercantil, lei
    """,
    "what it costs us": """
        cost, unit cost, standard cost, purchase price, last direct cost, cost price, ek,
        ek preis, einkaufs preis, einstands preis, prix achat, prix revient, pa ht,
        precio coste, precio compra, costo, prezzo acquisto, inkoop prijs, cena zakupu,
        nakupni cena, inkopspris, kostpris, ostohinta, beszerzesi ar, preco custo, wholesale price,
        moving average price, average cost, profit, margin, marge, markup, standard price,
        compare at price, special price, old price, promo price, price unit, preis einheit menge
    """,
    "stock and quantities": """
        stock, stock quantity, quantity, qty, on hand, qty on hand, inventory, available quantity,
        bestand, lager bestand, lager menge, menge, mindest menge, mindest bestand, stock min,
        quantite, cantidad, existencias, stock minimo, quantita, giacenza, scorta, scorta minima,
        aantal, voorraad, ilosc, stan, stan magazynowy, mnozstvi, sklad, lager, saldo antal, antal,
        maara, mennyiseg, keszlet, quantidade, estoque, reorder level, reorder point,
        units in stock, units on order, minimum quantity, min qty, staffel, staffel menge, scale,
        lead time, liefer zeit, delivery time, warehouse, lager ort, lagerplatz, bin, shelf,
        shelf no, magazyn, werk, plant, in stock, stock status, min order, order quantity,
        safety stock, virtual available, manage stock, packaging quantity, conversion factor, depot
    """,
    "sizes and weights": """
        weight, gross weight, net weight, brutto gewicht, netto gewicht, gewicht, poids, peso,
        gewicht kg, waga, hmotnost, vikt, vaegt, vekt, paino, suly, volume, volumen, length,
        width, height, depth, size, dimensions, abmessungen, laenge, breite, hoehe, tiefe,
        groesse, farbe, color, colour, couleur, color code, taille, largeur, longueur, hauteur,
        dimension, weight unit, gewichts einheit, volumen einheit, weight kg, weight uom, style,
        material type, alcohol
    """,
    "a bar code": """
        ean, ean code, ean 13, ean13, gtin, upc, upca, isbn, barcode, bar code, ean nummer,
        kod kreskowy, kod ean, codigo barras, codice barre, streepjescode, strich code, code barre,
        carovy kod, jan, mpn
    """,
    "a maker or supplier": """
        manufacturer, vendor, supplier, brand, hersteller, marke, lieferant, lieferanten nummer,
        lieferanten artikel nummer, vendor no, vendor item no, fabricant, fournisseur,
        marque, fabricante, proveedor, marca, produttore, fornitore, fabrikant, leverancier,
        merk, producent, dostawca, marka, vyrobce, dodavatel, znacka, tillverkare, leverantor,
        leverandor, gyarto, szallito, supplier id, manufacturer id, manufacturer number,
        country of origin, ursprungs land, customs tariff, tariff no, zolltarif nummer, hs code,
        intrastat, statistic code, origin country, supplier reference, pays origine, made in
    """,
    "a picture or a file": """
        image, picture, photo, bild, thumbnail, logo, image url, img, imagen, immagine, foto,
        zdjecie, obrazek, file, attachment, path, filename, file name, file date, file number,
        icon, avatar, template
    """,
    "a tax setting": """
        tax class, tax code, tax rate, tax group, vat rate, mwst satz, mwst schluessel,
        steuer satz, steuer schluessel, steuer klasse, taux tva, code tva, tipo iva, iva,
        aliquota, aliquota iva, btw tarief, btw code, btw percentage, stawka vat, vat stawka,
        sazba dph, dph, moms, momssats, tax status, tax category, taxable, tax exempt, tax liable,
        tax area code, prices including vat, price includes vat, tax rules, tax rules group,
        steuer kategorie, afa, assujetti tva, tax included
    """,
    "the end of its validity": """
        valid to, valid until, ending date, end date, date to, to date, expiry date, expires,
        gueltig bis, bis datum, bis, datum bis, gueltigkeits ende, date fin, date de fin,
        valable au, au, fecha fin, fecha hasta, valido hasta, hasta, data fine, valido al,
        data fine validita, geldig tot, tot, eind datum, wazne do, data do, obowiazuje do, do,
        platne do, platnost do, datum do, giltig till, til dato, gyldig til, ervenyes ig,
        data fim, valabil pana, date max, effective end date, active to, expiration date, ende
    """,
    "a client or company of the system": """
        client, mandant, company code, buchungs kreis, tenant, tenant id, org id,
        company id, firma id, filiale, branch id, subsidiary, site, standort, betriebsstaette
    """,
    "a document": """
        order no, order number, order id, order date, document number, document date,
        document type, invoice no, invoice number, rechnungs nummer, auftrag, auftrags nummer,
        beleg nummer, beleg datum, beleg art, commande, pedido, ordine, bestelling, zamowienie,
        objednavka, delivery date, net value, total, total amount, purchase order, sold to party,
        sales document, billing date, requested delivery date, due date, net weight total,
        price date, pricing date, invoice date
    """,
    "a switch of the system": """
        flag, is default, is primary, is main, is customer, is supplier, is vendor, is guest,
        is private, is new, is virtual, downloadable, virtual, on sale, online only,
        confirmed, verified, email verified, synced, processed, printed, exported, locked by,
        customer, supplier, vendor, kunde ja nein, test, is test, is stockable, featured,
        purchase ok, is deleted by, color index, message bounce, parameter, option, settings, json,
        meta, custom field, properties, attributes, allow line disc, allow invoice disc,
        purchasable, sellable, is purchasable, lock version, needs review, gdpr date, priority,
        has attachments, is emailbounced, is kit, serial tracked, can be returned
    """,
}
