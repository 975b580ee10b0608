"""Runs the demo's ERP by hand: `python -m examples.company.erp serve --port 8069`."""

import argparse
import secrets
import signal
import tempfile
from pathlib import Path

from examples.company.erp.provision import ADMIN, INTEGRATION, fresh_copy
from examples.company.erp.server import ErpServer


def main() -> None:
    """Serve a fresh copy until interrupted; print where it is and who may log in."""
    parser = argparse.ArgumentParser(prog="python -m examples.company.erp", description=__doc__)
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="serve a fresh copy until Ctrl-C")
    serve.add_argument("--port", type=int, help="default: a free one")
    serve.add_argument("--session-max-age", type=int, default=30 * 24 * 3600, metavar="SECONDS")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="midspan-erp-") as name:
        _serve(Path(name), arguments.port, arguments.session_max_age)


def _serve(folder: Path, port: int | None, session_max_age: int) -> None:
    passwords = {login: secrets.token_urlsafe(12) for login in (ADMIN, INTEGRATION)}
    fresh_copy(folder, passwords)
    with ErpServer(folder, port=port, session_max_age=session_max_age) as server:
        print(f"url       {server.url}\ndatabase  {server.database}")
        for login, password in passwords.items():
            print(f"user      {login}\npassword  {password}")
        print(f"file      {server.database_file}\nCtrl-C ends it.", flush=True)
        awaited = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)  # only now: the server inherits no mask
        signal.sigwait(awaited)


if __name__ == "__main__":
    main()
