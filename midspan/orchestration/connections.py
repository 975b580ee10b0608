"""Resolves a connection id through Airflow: its environment, secrets backends and database."""

from airflow.sdk import BaseHook

from config.connections import Connection
from midspan.kernel.redaction import Secret


def airflow_connection(conn_id: str) -> Connection:
    """Return an Airflow connection in the platform's own form."""
    found = BaseHook.get_connection(conn_id)
    return Connection(
        conn_id=conn_id,
        scheme=found.conn_type or "",
        host=found.host or "",
        port=found.port,
        login=found.login or "",
        password=Secret(found.password or ""),
        schema=found.schema or "",
        extra=found.extra_dejson,
    )
