"""What a clerk does in the ERP during the demo, each through Tryton's JSON-RPC.

Guarantee: each function is one transaction in Tryton. Values come from the caller; party and
contact mechanism are named by Tryton's own ids. Errors are those of `Client.call`.
"""

from examples.company.erp.client import Client, Record


def create_party(
    client: Client,
    name: str,
    *,
    email: str | None = None,
    phone: str | None = None,
    street: str | None = None,
    postal_code: str | None = None,
    city: str | None = None,
    country: str | None = None,
) -> int:
    """Create a party with its contact mechanisms and address; `country` is ISO alpha-2.

    Give the e-mail address of a customer the CRM knows, and both hold the same person.
    """
    given = {"phone": phone, "email": email}
    mechanisms = [{"type": kind, "value": value} for kind, value in given.items() if value]
    address: Record = {"street": street, "postal_code": postal_code, "city": city}
    if country:
        address = {**address, "country": _country(client, country)}
    values: dict[str, object] = {"name": name, "contact_mechanisms": [["create", mechanisms]]}
    if any(address.values()):
        values["addresses"] = [["create", [address]]]
    created: list[int] = client.call("model.party.party.create", [values])
    return created[0]


def rename_party(client: Client, party: int, name: str) -> None:
    """Change the party's name."""
    client.call("model.party.party.write", [party], {"name": name})


def move_party(
    client: Client, party: int, street: str, postal_code: str, city: str, country: str
) -> None:
    """Change the party's first address through the address alone: its own dates stay."""
    address = _first(client, "party.address", party)
    place = {"street": street, "postal_code": postal_code, "city": city}
    values = {**place, "country": _country(client, country)}
    client.call("model.party.address.write", [address["id"]], values)


def change_phone(client: Client, party: int, phone: str) -> None:
    """Change the party's first telephone through the contact mechanism alone."""
    mechanism = _first(client, "party.contact_mechanism", party, "phone", "mobile")
    client.call("model.party.contact_mechanism.write", [mechanism["id"]], {"value": phone})


def deactivate_party(client: Client, party: int) -> None:
    """Hide the party from everyone who does not ask for inactive ones."""
    client.call("model.party.party.write", [party], {"active": False})


def delete_party(client: Client, party: int) -> None:
    """Delete the party with all its parts; Tryton refuses when a sale names it."""
    client.call("model.party.party.delete", [party])


def party_without_sales(client: Client) -> int:
    """Return the id of the latest active party that may be deleted."""
    buyers = {sale["party"] for sale in client.search("sale.sale", [], ["party"])}
    customers = client.search("party.party", [["code", "like", "C%"]], ["code"])
    return max(int(row["id"]) for row in customers if row["id"] not in buyers)


def parties_with(client: Client, kind: str, value: str) -> list[int]:
    """Return the ids of parties with a contact mechanism of `kind` (`email`, `phone`) `value`."""
    domain = [["type", "=", kind], ["value", "=", value]]
    return [
        int(row["party"]) for row in client.search("party.contact_mechanism", domain, ["party"])
    ]


def _first(client: Client, model: str, party: int, *types: str) -> Record:
    domain: list[list[object]] = [["party", "=", party]]
    if types:
        domain.append(["type", "in", list(types)])
    rows = client.search(model, domain, ["sequence"])
    return min(rows, key=_in_tryton_order)


def _in_tryton_order(row: Record) -> tuple[float, int]:
    sequence = row["sequence"]
    return (float("-inf") if sequence is None else sequence, row["id"])


def _country(client: Client, code: str) -> int:
    (row,) = client.search("country.country", [["code", "=", code]], ["id"])
    return int(row["id"])
