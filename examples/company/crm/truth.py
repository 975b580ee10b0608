"""What stands in the CRM's file, read by SQL and not through the service.

Guarantee: read only; the file is opened in read-only mode and a missing file is an error, so that
a comparison with this truth never changes or makes what it compares with.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from examples.company.crm.database import Row


def customers(path: Path) -> list[Row]:
    """Return every row of KUNDEN, columns as stored, in the order of CUST_NO."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM KUNDEN ORDER BY CUST_NO").fetchall()
    return [dict(row) for row in rows]
