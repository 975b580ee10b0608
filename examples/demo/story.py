"""What happens in the company between the first syncs and the next ones.

Each change goes through the system's own door, as a clerk's would. Whom it meets is chosen by
what stands in the systems' files, so that each step shows what it is meant to show: a change of
the ERP alone is made to a customer that only the ERP knows, and so on. Steps name customers by
their systems' numbers, never by personal data.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from examples.company import pricelist
from examples.company.erp import changes as erp
from examples.demo.stage import Stage
from examples.demo.truth import CRM, ERP, SourceRow, group, read_customers

_SHARED_EMAIL: Final = "zoe.angstrom@both.example.org"
_RAISED: Final = Decimal("1.10")
_RAISED_PRICES: Final = 3


def tell(stage: Stage) -> Iterator[str]:
    """Make each change and say what was done."""
    rows, _ = read_customers(stage.erp.database_file, stage.places.crm)
    alone = [rows[0] for rows in group(rows) if len(rows) == 1]
    in_erp = [row for row in alone if row.sync == ERP and _is_complete(row)]
    in_crm = [row for row in alone if row.sync == CRM and not row.values["tax_id"]]
    yield from _in_the_erp(stage, in_erp)
    yield from _in_the_crm(stage, in_crm, in_erp[3])
    yield from _in_both(stage)
    yield _new_prices(stage)


def _in_the_erp(stage: Stage, known: list[SourceRow]) -> Iterator[str]:
    clerk = stage.erp_clerk()
    deleted = erp.party_without_sales(clerk)  # chosen before the new one, which has none either
    renamed, phoned, moved = (int(row.key) for row in known[:3])
    erp.rename_party(clerk, renamed, "Änderung & Söhne")
    yield f"ERP: party {renamed} has a new name"
    erp.change_phone(clerk, phoned, "+43 664 1234567")
    yield f"ERP: party {phoned} has a new telephone; its own dates stay as they were"
    erp.move_party(clerk, moved, "Rue du Marché 7", "1204", "Genève", "CH")
    yield f"ERP: party {moved} has moved; its own dates stay as they were"
    created = erp.create_party(clerk, "Łukasz Nowak", email="lukasz@new.example.org", country="PL")
    yield f"ERP: party {created} is new"
    erp.delete_party(clerk, deleted)
    yield f"ERP: party {deleted} is deleted, without a trace"


def _in_the_crm(stage: Stage, known: list[SourceRow], same_as: SourceRow) -> Iterator[str]:
    edited, deleted, twin = (row.key for row in known[:3])
    with stage.crm_clerk() as clerk:
        clerk.edit(edited, {"ORT": "Příbor", "MARKETING_OK": "N"})
        yield f"CRM: customer {edited} is edited"
        number = clerk.create({"KIND": "F", "NAME1": "Öko Bäckerei KG", "LAND": "DE"})
        yield f"CRM: customer {number} is new"
        clerk.delete(deleted)
        yield f"CRM: customer {deleted} is deleted, without a trace"
        clerk.edit(twin, {"MAIL": same_as.values["email"].upper()})
        yield f"CRM: customer {twin} turns out to be the ERP's party {same_as.key} (same e-mail)"


def _in_both(stage: Stage) -> Iterator[str]:
    party = erp.create_party(
        stage.erp_clerk(), "Zoë Ångström", email=_SHARED_EMAIL, phone="+46 70 1740605", country="SE"
    )
    row = {"KIND": "P", "NAME1": "ANGSTROM", "NAME2": "Zoe", "MAIL": _SHARED_EMAIL.upper()}
    with stage.crm_clerk() as clerk:
        number = clerk.create({**row, "TEL": "0046-70-1740606", "LAND": "SE", "SPRACHE": "SV"})
    yield f"both: one new person is ERP party {party} and CRM customer {number} (same e-mail)"


def _new_prices(stage: Stage) -> str:
    listed = pricelist.read(stage.newest_price_list())
    good = [one for one in listed if one["price"].isdecimal() and one["currency"] == "EUR"]
    raised = {
        (one["code"], one["currency"]): round(Decimal(one["price"]).scaleb(-2) * _RAISED, 2)
        for one in good[:_RAISED_PRICES]
    }
    stage.drop_prices(date.today(), raised)  # noqa: DTZ011 the company's own day
    return f"price list: a new file raises {len(raised)} prices"


def _is_complete(row: SourceRow) -> bool:
    """Tell whether a party has what the steps change; the first one is the company itself."""
    return all(row.values[name] for name in ("email", "phone", "street")) and row.values["active"]
