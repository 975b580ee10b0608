"""TLS of a rest system: whom we trust, and by which certificate we are known."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.rest import RestAdapter
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, MidspanError
from midspan.kernel.stream import Slice
from tests.adapters.building import Record, build, project, records
from tests.adapters.rest_site import PLAIN
from tests.adapters.tls_site import Authority, serve_tls

BODY = b'{"data": [{"id": 1}]}'


@pytest.fixture
def house(tmp_path: Path) -> Authority:
    """Return the authority of the system's house."""
    return Authority.made(tmp_path, "house")


def asked(connection: Connection, folder: Path, **extra: str) -> list[Record]:
    """Return what the system answers to whoever shows up like this."""
    there = replace(connection, extra=extra)
    adapter = build(RestAdapter, project(folder, "legacy", PLAIN), "legacy", there)
    try:
        return records(list(adapter.read("items", Slice())))
    finally:
        adapter.close()


def refused(connection: Connection, folder: Path, **extra: str) -> MidspanError:
    """Return the error of whoever is not let in, or lets nobody in."""
    with pytest.raises(AccessDenied) as caught:
        asked(connection, folder, **extra)
    return caught.value


def test_a_house_authority_is_trusted_when_it_is_named(tmp_path: Path, house: Authority) -> None:
    """By ``ca_file`` in the connection's extra."""
    with serve_tls(house.sign("erp", "127.0.0.1"), BODY) as there:
        assert asked(there, tmp_path, ca_file=house.ca_file) == [{"id": 1}]


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path, house: Authority) -> None:
    """The remedy says how the authority is named; nothing is trusted by itself."""
    with serve_tls(house.sign("erp", "127.0.0.1"), BODY) as there:
        error = refused(there, tmp_path)

    assert error.code == "http.tls"
    assert "ca_file" in error.remedy


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, house: Authority) -> None:
    """Whoever has any certificate of the house is not the system."""
    with serve_tls(house.sign("erp", "crm.example"), BODY) as there:
        error = refused(there, tmp_path, ca_file=house.ca_file)

    assert error.code == "http.tls"


def test_a_client_certificate_lets_us_in(tmp_path: Path, house: Authority) -> None:
    """``client_cert`` and ``client_key``; without them, or by another authority's, it is closed."""
    stranger = Authority.made(tmp_path, "stranger")
    wrong, wrong_key = stranger.sign("midspan-elsewhere")
    own, own_key = house.sign("midspan")
    with serve_tls(house.sign("erp", "127.0.0.1"), BODY, clients=house.ca_file) as there:
        found = asked(there, tmp_path, ca_file=house.ca_file, client_cert=own, client_key=own_key)
        without = refused(there, tmp_path, ca_file=house.ca_file)
        other = refused(
            there, tmp_path, ca_file=house.ca_file, client_cert=wrong, client_key=wrong_key
        )

    assert found == [{"id": 1}]
    assert (without.code, other.code) == ("http.tls", "http.tls")
    assert "client_cert" in without.remedy


@pytest.mark.parametrize("name", ["ca_file", "client_cert", "client_key"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, house: Authority, name: str) -> None:
    """By the key of the connection's extra that leads to it."""
    own, own_key = house.sign("midspan")
    files = {"ca_file": house.ca_file, "client_cert": own, "client_key": own_key}
    with serve_tls(house.sign("erp", "127.0.0.1"), BODY, clients=house.ca_file) as there:
        error = refused(there, tmp_path, **{**files, name: str(tmp_path / "none.pem")})

    assert error.code == "http.certificate"
    assert name in error.message
