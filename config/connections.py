"""Connections by id, never by value: where a system is and how to get in.

An id resolves from ``AIRFLOW_CONN_<ID>`` (URI or JSON, as Airflow itself reads it) or from a
secrets file named by ``MIDSPAN_SECRETS`` (YAML: id → URI), readable by its owner only.
It is resolved anew at each start of work, so that a rotated secret is taken up.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config.tree import read_tree
from midspan.kernel.errors import ConfigurationError, Problem
from midspan.kernel.redaction import Secret


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a system is. ``scheme`` is http, https, sftp, file … as the adapter needs it."""

    conn_id: str
    scheme: str = ""
    host: str = ""
    port: int | None = None
    login: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    schema: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Return ``scheme://host:port`` without credentials."""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme or 'http'}://{self.host}{port}"


def resolve_connection(conn_id: str, environ: Mapping[str, str] | None = None) -> Connection:
    """Return the connection ``conn_id``; raise ConfigurationError when nothing defines it."""
    env = os.environ if environ is None else environ
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = env.get(name) or _from_secrets_file(conn_id, env.get("MIDSPAN_SECRETS"))
    if not text:
        raise ConfigurationError(
            [
                Problem(
                    "connection.unknown",
                    Path(name),
                    0,
                    0,
                    f"the connection '{conn_id}' is not defined",
                    f"Set {name}, or list it in the file that MIDSPAN_SECRETS names",
                )
            ]
        )
    return parse_connection(conn_id, text)


def parse_connection(conn_id: str, text: str) -> Connection:
    """Parse a connection's URI or JSON; raise ConfigurationError without echoing it."""
    try:
        return (
            _from_json(conn_id, text) if text.lstrip().startswith("{") else _from_uri(conn_id, text)
        )
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            [
                Problem(
                    "connection.invalid",
                    Path(f"AIRFLOW_CONN_{conn_id.upper()}"),
                    0,
                    0,
                    f"the connection '{conn_id}' can be read neither as URI nor as JSON",
                    "Write scheme://user:password@host:port/schema, special characters escaped",
                )
            ]
        ) from None


def _from_uri(conn_id: str, text: str) -> Connection:
    parts = urlsplit(text)
    # Airflow's own URI form for a scheme inside a connection type: http://https://host …
    scheme, rest = parts.scheme, parts
    if "://" in text[len(scheme) + 3 :]:
        rest = urlsplit(text[len(scheme) + 3 :])
        scheme = rest.scheme
    query = dict(parse_qsl(rest.query))
    extra = json.loads(query.pop("__extra__", "{}")) | query
    return Connection(
        conn_id,
        scheme,
        unquote(rest.hostname or ""),
        rest.port,
        unquote(rest.username or ""),
        Secret(unquote(rest.password or "")),
        unquote(rest.path.lstrip("/")),
        extra,
    )


def _from_json(conn_id: str, text: str) -> Connection:
    data = json.loads(text)
    extra = data.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    if not isinstance(extra, dict):
        raise TypeError
    return Connection(
        conn_id,
        data.get("conn_type") or "",
        data.get("host") or "",
        int(data["port"]) if data.get("port") else None,
        data.get("login") or "",
        Secret(data.get("password") or ""),
        data.get("schema") or "",
        extra,
    )


def _from_secrets_file(conn_id: str, file: str | None) -> str | None:
    if not file:
        return None
    path = Path(file)
    tree = read_tree(path)
    if path.stat().st_mode & 0o077:
        raise ConfigurationError(
            [Problem("connection.exposed", path, 0, 0, "others may read this file", "chmod 600 it")]
        )
    node = tree.get(conn_id)
    return str(node.value) if node is not None and node.value else None
