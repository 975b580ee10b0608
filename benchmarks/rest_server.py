"""A web server whose pages are made beforehand: what is timed is whoever reads them.

``python -m benchmarks.rest_server PAGES ROWS`` prints its port and serves ``/rows?after=N``
until its input is closed. A row has ten fields and about 300 bytes.
"""

import json
import random
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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


def serve(pages: list[bytes]) -> ThreadingHTTPServer:
    """Return a server of these pages."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 0

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = pages[int(query.get("after", ["0"])[0])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main() -> None:
    """Make the pages and serve them."""
    pages, rows = map(int, sys.argv[1:])
    with serve([page(at, pages, rows) for at in range(pages)]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
