"""A web server whose pages are made beforehand: what is timed is whoever reads them.

``python -m benchmarks.rest_server PAGES ROWS`` prints its port and serves ``/rows?after=N``
until its input is closed. A row has ten fields and about 300 bytes.
"""

import json
import random
import sys
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.serving import PreparedHandler, serve

_BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 the pages show local times, as legacy systems do


def row(number: int) -> dict[str, Any]:
    """Return one record."""
    chance = random.Random(number)  # noqa: S311 no secret
    return {
        "id": number,
        "name": f"Customer {number} Müller & Söhne Handelsgesellschaft",
        "street": f"Lange Straße {chance.randrange(200)}",
        "city": chance.choice(("Wien", "Graz", "Linz", "Zürich", "München")),
        "country": "AT",
        "email": f"customer{number}@legacy.example",
        "phone": f"+43 1 {chance.randrange(10**7):07d}",
        "amount": round(chance.random() * 10_000, 2),
        "active": chance.random() < 0.9,
        "changed": (_BEGIN + timedelta(seconds=number)).isoformat(),
    }


def page(at: int, pages: int, rows: int) -> bytes:
    """Return one page: its records, and the token of the next page if there is one."""
    body: dict[str, Any] = {"rows": [row(at * rows + one) for one in range(rows)]}
    if at + 1 < pages:
        body["next"] = str(at + 1)
    return json.dumps(body, ensure_ascii=False).encode()


def handler_of(pages: list[bytes]) -> type[PreparedHandler]:
    """Return the handler that serves these pages."""

    class Handler(PreparedHandler):
        def reply(self, asked: bytes) -> None:
            del asked
            query = parse_qs(urlsplit(self.path).query)
            self.send(pages[int(query.get("after", ["0"])[0])], "application/json")

    return Handler


def main() -> None:
    """Make the pages and serve them."""
    pages, rows = map(int, sys.argv[1:])
    serve(handler_of([page(at, pages, rows) for at in range(pages)]))


if __name__ == "__main__":
    main()
