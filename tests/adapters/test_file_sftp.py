"""A folder behind SFTP: who is let in, whom we trust, and a line that breaks."""

import io
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import paramiko
import pytest

from config.connections import Connection, parse_connection
from midspan.kernel.errors import AccessDenied, MidspanError, ProtocolError, TransientError
from midspan.kernel.redaction import Secret
from midspan.kernel.stream import Slice
from tests.adapters.file_drop import Drop, plain
from tests.adapters.sftp_site import LOGIN, PASSWORD, SftpSite, sftp_site

KEYS = "files: f_*\nformat: csv"
CSV = "id,name\n1,Ann\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SftpSite]:
    root = tmp_path / "served"
    root.mkdir()
    with sftp_site(root) as made:
        yield made


def drop(site: SftpSite, home: Path, connection: Connection | None = None) -> Drop:
    return Drop(site.root, home, connection or site.connection())


def pem(key: paramiko.PKey, passphrase: str | None = None) -> str:
    text = io.StringIO()
    key.write_private_key(text, password=passphrase)
    return text.getvalue()


def test_a_uri_with_a_hosts_file_opens_the_folder(site: SftpSite, tmp_path: Path) -> None:
    """As it is written in a connection; the path leads from the server's root."""
    known = tmp_path / "known_hosts"
    known.write_text(f"# ours\n[127.0.0.1]:{site.port} {site.host_key}\nbroken\n")
    (site.root / "in").mkdir()
    (site.root / "in" / "f_1").write_text(CSV)
    uri = f"sftp://{LOGIN}:{PASSWORD}@127.0.0.1:{site.port}/in?known_hosts={known}"

    with closing(drop(site, tmp_path, parse_connection("drop", uri)).adapter(KEYS)) as adapter:
        assert len(plain(list(adapter.read("rows", Slice())))) == 1


@pytest.mark.parametrize("passphrase", [None, "for the key"])
@pytest.mark.parametrize("as_file", [True, False])
def test_a_key_opens_the_folder(
    site: SftpSite, tmp_path: Path, as_file: bool, passphrase: str | None
) -> None:
    """From a file or the connection itself, with a passphrase or without."""
    text = pem(site.user_key, passphrase)
    (tmp_path / "key").write_text(text)
    key = {"key_file": str(tmp_path / "key")} if as_file else {"private_key": text}
    extra = {"host_key": site.host_key, "private_key_passphrase": passphrase, **key}
    connection = site.connection(password=Secret(""), extra=extra)

    with closing(drop(site, tmp_path, connection).adapter(KEYS)) as adapter:
        assert adapter.check().streams[0].readable


OTHER = paramiko.ECDSAKey.generate()
OTHER_KEY = f"{OTHER.get_name()} {OTHER.get_base64()}"


@pytest.mark.parametrize(
    ("changes", "extra", "kind", "code"),
    [
        ({"password": Secret("wrong")}, {}, AccessDenied, "file.login"),
        ({"login": "nobody"}, {}, AccessDenied, "file.login"),
        ({"password": Secret("")}, {"private_key": pem(OTHER)}, AccessDenied, "file.login"),
        ({}, {"host_key": None}, AccessDenied, "file.host_key"),
        ({}, {"host_key": OTHER_KEY}, AccessDenied, "file.host_key"),
        ({}, {"known_hosts": "/no/such/file"}, AccessDenied, "file.key"),
        ({}, {"key_file": "/no/such/key"}, AccessDenied, "file.key"),
        ({}, {"private_key": "no key"}, AccessDenied, "file.key"),
        ({}, {"private_key": pem(OTHER, "secret")}, AccessDenied, "file.key"),
        (
            {},
            {"private_key": pem(OTHER, "secret"), "private_key_passphrase": "other"},
            AccessDenied,
            "file.key",
        ),
        ({"host": "no-such-host.invalid"}, {}, TransientError, "file.unreachable"),
        ({"port": 1}, {}, TransientError, "file.unreachable"),
        ({}, {"path": "/no/such/folder"}, ProtocolError, "file.folder"),
    ],
)
def test_a_door_that_stays_shut_says_why(
    site: SftpSite,
    tmp_path: Path,
    changes: dict[str, Any],
    extra: dict[str, Any],
    kind: type[MidspanError],
    code: str,
) -> None:
    """Each with its code and remedy; no secret is told."""
    connection = site.connection(**changes, extra={"host_key": site.host_key, **extra})

    with (
        closing(drop(site, tmp_path, connection).adapter(KEYS)) as adapter,
        pytest.raises(kind) as caught,
    ):
        adapter.check()

    assert caught.value.code == code
    assert caught.value.remedy
    assert PASSWORD not in str(caught.value)


def test_no_password_is_sent_to_a_server_that_is_not_known(
    site: SftpSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key is looked at first; the message shows it, to be compared with the owner's."""
    asked: list[str] = []
    monkeypatch.setattr(
        "tests.adapters.sftp_site._Door.check_auth_password",
        lambda _door, name, _password: asked.append(name),
    )
    with (
        closing(drop(site, tmp_path, site.connection(extra={})).adapter(KEYS)) as adapter,
        pytest.raises(AccessDenied) as caught,
    ):
        adapter.check()

    assert asked == []
    assert site.key.fingerprint in caught.value.remedy


def test_a_server_that_speaks_something_else_is_told(tmp_path: Path, site: SftpSite) -> None:
    """A port where a web server listens, or nobody who answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        connection = site.connection(port=listening.getsockname()[1])
        made = drop(site, tmp_path, connection)
        (tmp_path / "config").mkdir(exist_ok=True)
        adapter = made.adapter(KEYS)
        folder = adapter._folder
        folder._call = lambda operation: operation(_quick())  # type: ignore[attr-defined]  # bounds

        with pytest.raises(TransientError) as caught:
            adapter.check()

    assert caught.value.code == "file.unreachable"


def _quick() -> Any:
    from midspan.kernel.gate import Timeouts

    return Timeouts(connect=0.2, read=0.2, total=0.5)


def test_a_line_that_breaks_is_mended_in_the_middle_of_a_file(
    site: SftpSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy goes on with the chunk that was lost, over a new connection."""
    monkeypatch.setattr("adapters.file.sftp.CHUNK", 64 * 1024)
    rows = "".join(f"{at},{'x' * 90}\n" for at in range(5000))
    made = drop(site, tmp_path)
    made.put("f_1", "id,name\n" + rows)
    site.cut_after = 7

    with closing(made.adapter(KEYS)) as adapter:
        batches = list(adapter.read("rows", Slice()))

    assert [row["id"] for row in plain(batches)] == [str(at) for at in range(5000)]
    assert site.connections == 2
    assert site.reads < 25


def test_a_file_that_may_not_be_read_is_told(site: SftpSite, tmp_path: Path) -> None:
    """The server refuses it; the grant that is missing is the remedy."""
    made = drop(site, tmp_path)
    made.put("f_1", CSV).chmod(0)

    with closing(made.adapter(KEYS)) as adapter:
        (check,) = adapter.check().streams
        with pytest.raises(AccessDenied) as caught:
            list(adapter.read("rows", Slice()))

    assert "file.denied" in check.problem
    assert "Grant read" in caught.value.remedy


def test_a_closed_adapter_opens_no_connection(site: SftpSite, tmp_path: Path) -> None:
    """What was cancelled does not come back by a repeated call."""
    with closing(drop(site, tmp_path).adapter(KEYS)) as adapter:
        adapter.check()
        adapter.close()

        with pytest.raises(MidspanError) as caught:
            adapter.check()

    assert caught.value.code == "file.closed"
    assert site.connections == 1


def test_a_missing_package_is_named(
    site: SftpSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders on a disk do without it."""
    monkeypatch.delitem(sys.modules, "adapters.file.sftp", raising=False)
    monkeypatch.setitem(sys.modules, "paramiko", None)

    with pytest.raises(MidspanError, match="paramiko") as caught:
        drop(site, tmp_path).adapter(KEYS)

    assert caught.value.code == "file.no_ssh"


def test_no_copy_stays_behind(site: SftpSite, tmp_path: Path) -> None:
    """A file's rows are read from a nameless file, which ends with the reading."""
    made = drop(site, tmp_path)
    made.put("f_1", CSV)
    with closing(made.adapter(KEYS)) as adapter:
        reading = adapter.read("rows", Slice())
        next(reading)

        named = [one for one in tmp_path.rglob("*") if one.is_file() and "served" not in one.parts]

    assert not [one for one in named if b"Ann" in one.read_bytes()]
