"""One private server, shared by the processes of a checkout that need it.

Guarantee: a live server whose record matches is used again; everything else a killed run left
behind is ended first. The server stops with the last process that holds it, unless somebody
asked to keep it. Data it cannot start from is put aside under another name, never deleted.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from deploy.local import server_process
from deploy.local.host import require_space
from deploy.local.server_kind import Kind, Running, ServerDied, succeeds
from deploy.local.server_process import Component, Record
from midspan.kernel.errors import TransientError

_STARTS = 3


@dataclass(frozen=True, slots=True)
class PrivateServer:
    """The place of one kind of server under a state directory."""

    kind: Kind
    state: Path

    @property
    def home(self) -> Path:
        """Return the directory of record, lock, log and, where possible, data."""
        return self.state.resolve() / self.kind.name

    def acquire(self, holder: Component, *, keep: bool) -> dict[str, str]:
        """Use the server, starting it where needed; return the variables that name it."""
        self.home.mkdir(parents=True, exist_ok=True)
        with server_process.locked(self.home):
            record = self._reusable() or self._start()
            record.holders.append(holder)
            record.kept = record.kept or keep
            server_process.save(self.home, record)
        return record.variables

    def release(self, holder: Component) -> None:
        """Give up the use of the server; the last one to do so stops it."""
        if not self.home.is_dir():
            return
        with server_process.locked(self.home):
            record = server_process.load(self.home)
            if record is not None:
                record.holders = [other for other in record.holders if other != holder]
                if record.is_needed():
                    server_process.save(self.home, record)
                    return
            self._end(record)

    def down(self) -> bool:
        """Stop the server whoever uses it; tell whether there was one."""
        if not self.home.is_dir():
            return False
        with server_process.locked(self.home):
            record = server_process.load(self.home)
            self._end(record)
        return record is not None

    def current(self) -> Record | None:
        """Return the record of a server that runs."""
        record = server_process.load(self.home)
        return record if record is not None and record.lives() else None

    def _reusable(self) -> Record | None:
        record = self.current()
        if record is None:
            return None
        url = record.variables[self.kind.variable]
        return record if succeeds(self.kind.probe, url) else None

    def _start(self) -> Record:
        self._end(server_process.load(self.home))
        require_space(self.home)
        for attempt in range(1, _STARTS + 1):
            (self.home / "server.log").unlink(missing_ok=True)
            try:
                running = self._launch()
            except ServerDied as error:
                last_words = str(error)
            else:
                return Record(list(running.components), dict(running.variables))
            # First other ports, then other data: what is left is the machine.
            if attempt == _STARTS - 1:
                self._put_data_aside()
        raise TransientError(
            "setup.server_died",
            f"a private {self.kind.name} ended while it was starting, in {self.home}:\n"
            + last_words,
            remedy=f"Its whole log is {self.home / 'server.log'}\n"
            f"or name a server that runs already:  {self.kind.variable}",
        )

    def _launch(self) -> Running:
        try:
            return self.kind.launch(self.home)
        except BaseException:
            self._sweep()
            raise

    def _end(self, record: Record | None) -> None:
        for component in reversed(record.components if record else []):
            server_process.stop(component, self.kind.stop_signal, self.kind.grace)
        self._sweep()
        server_process.forget(self.home)

    def _sweep(self) -> None:
        server_process.sweep(self.kind.places(self.home), self.kind.programs)

    def _put_data_aside(self) -> None:
        data = self.kind.data(self.home)
        aside = data.with_name("data.broken")
        if data.exists():
            shutil.rmtree(aside, ignore_errors=True)
            data.rename(aside)


def this_process(token: str) -> Component:
    """Return this process as a holder; ``token`` tells several uses of one process apart."""
    return server_process.identify(token, os.getpid())
