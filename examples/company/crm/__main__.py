"""`python -m examples.company.crm`: serve the CRM until the process is ended.

Guarantee: once it listens it prints one line, `CRM listens on http://HOST:PORT/`; it exits 2 with
what to do when the port is taken or the password's variable is not set. A database file that does
not exist is made, filled with the demo's customers.
"""

import argparse
import errno
import os
import sys
from pathlib import Path

from examples.company.crm import people
from examples.company.crm.database import Database
from examples.company.crm.operations import Crm
from examples.company.crm.server import CrmServer
from examples.company.crm.sessions import Sessions


def main() -> int:
    """Parse the command line, serve, and return the exit code."""
    options = _parser().parse_args()
    password = os.environ.get(options.password_env)
    if not password:
        return _complain(f"{options.password_env} is not set: put the CRM's password in it")
    database = Database(options.db) if options.db.exists() else people.build(options.db)
    sessions = Sessions(calls=options.session_calls, seconds=options.session_seconds)
    try:
        server = CrmServer(
            options.host, options.port, Crm(database, sessions, options.user, password)
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _complain(f"port {options.port} is taken: end what listens there or choose another")
    print(f"CRM listens on {server.url}", flush=True)
    _serve(server)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.company.crm")
    parser.add_argument("--db", type=Path, required=True, help="SQLite file; made if missing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port; 0 takes a free one")
    parser.add_argument("--user", required=True, help="the user who may log in")
    parser.add_argument("--password-env", required=True, help="variable holding the password")
    parser.add_argument("--session-calls", type=int, default=7, help="calls a login is good for")
    parser.add_argument("--session-seconds", type=float, default=300, help="and how long")
    return parser


def _serve(server: CrmServer) -> None:
    with server:
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            print("CRM ends", flush=True)


def _complain(text: str) -> int:
    print(f"crm: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
