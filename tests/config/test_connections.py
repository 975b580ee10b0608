"""A connection id resolves to a place and credentials, and never shows the password."""

import pytest

from config.connections import parse_connection, resolve_connection
from midspan.kernel.errors import ConfigurationError


def test_a_uri_is_read_as_airflow_reads_it():
    """Escapes, schema and extras."""
    found = parse_connection("crm", "https://u%40x:p%2Fw@host:8443/erp?verify=no")

    assert (found.base_url, found.login, found.schema) == ("https://host:8443", "u@x", "erp")
    assert found.password.reveal() == "p/w"
    assert found.extra == {"verify": "no"}


def test_json_is_read_as_airflow_reads_it():
    """The other of Airflow's two forms."""
    found = parse_connection(
        "crm", '{"conn_type": "http", "host": "h", "port": 80, "password": "pw", "extra": {"a": 1}}'
    )

    assert (found.base_url, found.password.reveal(), found.extra) == ("http://h:80", "pw", {"a": 1})


@pytest.mark.parametrize(
    "text",
    [
        '{"port": "x", "password": "hunter2"}',
        '{"host": "h", "password": "hunter2", "extra": "[1]"}',
        '{"host": "h", "password": "hunter2", "extra": ["a"]}',
        "http://u:hunter2@h:x/",
    ],
)
def test_what_cannot_be_read_is_refused_without_echo(text):
    """The message names the variable, not what stood in it."""
    with pytest.raises(ConfigurationError) as caught:
        parse_connection("crm", text)

    assert "AIRFLOW_CONN_CRM" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_undefined_id_says_where_to_define_it():
    """Both places are named."""
    with pytest.raises(ConfigurationError) as caught:
        resolve_connection("crm", {})

    assert "AIRFLOW_CONN_CRM" in str(caught.value)
    assert "MIDSPAN_SECRETS" in str(caught.value)


def test_a_secrets_file_must_be_private(tmp_path):
    """0600 is read, 0644 is refused."""
    file = tmp_path / "secrets.yaml"
    file.write_text("crm: http://u:hunter2@h/\n")
    file.chmod(0o600)
    environ = {"MIDSPAN_SECRETS": str(file)}

    assert resolve_connection("crm", environ).password.reveal() == "hunter2"
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="others may read"):
        resolve_connection("crm", environ)
