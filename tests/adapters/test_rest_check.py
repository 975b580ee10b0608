"""What check and deep check find out about a rest system."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.adapters.http_site import Answer
from tests.adapters.rest_site import PLAIN, Api, reading, system


def test_check_names_the_missing_grant(tmp_path: Path) -> None:
    """One stream's trouble is told, with the scope that the system names."""
    text = system("page") + "  secrets: {primary_key: id, path: /secrets, rows: data}\n"
    api = Api.of(5)
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="secrets.read"'}
    api.override = lambda asked: Answer(b"", 403, challenge) if "secrets" in asked.path else None
    with reading(api, tmp_path, text) as (adapter, _):
        report = adapter.check()

    good, bad = report.streams
    assert good.readable
    assert good.problem == ""
    assert not bad.readable
    assert "'secrets.read'" in bad.problem
    assert "'jane'" in bad.problem


def test_now_is_the_servers_clock(tmp_path: Path) -> None:
    """The Date header, carried on to this moment."""
    with reading(Api.of(1), tmp_path, PLAIN) as (adapter, _):
        now = adapter.now()

    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
