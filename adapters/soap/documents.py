"""WSDL and schemas, kept on disk between runs.

Guarantee: a document comes from an allowed host alone, is checked before it is kept, and is
kept whole or not at all. While the kept one is younger than its allowed age nothing is
fetched; when the system cannot be reached, an older one serves, so that work starts offline.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from adapters.http import describe
from adapters.soap import xml
from config.binding import nearest
from midspan.kernel.errors import ProtocolError, TransientError

_LOG = logging.getLogger(__name__)
_ROOTS = frozenset({"definitions", "schema"})
_SUFFIX = ".xml"


class Documents:
    """Loads documents by URL. ``fetch`` makes the remote call, through the gate."""

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        folder: Path,
        allowed_hosts: tuple[str, ...],
        max_age: timedelta,
    ) -> None:
        self._fetch = fetch
        self._folder = folder
        self._allowed = allowed_hosts
        self._max_age = max_age.total_seconds()

    def load(self, url: str) -> bytes:
        """Return a document.

        Raises ProtocolError ``soap.import_refused`` for a host that is not allowed,
        ``soap.wsdl`` for what is no WSDL or schema, and the errors of HTTP.
        """
        self._refuse_strangers(url)
        kept = self._kept(url)
        if kept is not None and time.time() - kept.stat().st_mtime < self._max_age:
            return kept.read_bytes()
        try:
            content = self._fetch(url)
        except TransientError as error:
            if kept is None:
                raise
            _LOG.warning(
                "%s cannot be fetched (%s): the kept one serves", describe(url), error.code
            )
            return kept.read_bytes()
        _check(content, url)
        self._keep(url, content)
        return content

    def _refuse_strangers(self, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https"):
            raise ProtocolError(
                "soap.import_refused",
                f"the WSDL imports '{parts.path}', which is no web address",
                remedy="Ask the system's owner for a WSDL whose imports can be fetched",
            )
        if host not in self._allowed:
            raise ProtocolError(
                "soap.import_refused",
                f"the WSDL imports {describe(url)}, and '{host}' is not an allowed host",
                remedy=f"List it under allowed_hosts. {nearest(host, self._allowed)}",
            )

    def _kept(self, url: str) -> Path | None:
        """Return the newest kept document that is whole: its name holds its content's hash."""
        found = sorted(
            self._folder.glob(f"{_hash(url.encode())}-*{_SUFFIX}"),
            key=lambda file: file.stat().st_mtime,
            reverse=True,
        )
        return next((file for file in found if file.name == _name(url, file.read_bytes())), None)

    def _keep(self, url: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / _name(url, content)
        handle, unfinished = tempfile.mkstemp(dir=self._folder, suffix=".new")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(unfinished).replace(target)
        for older in self._folder.glob(f"{_hash(url.encode())}-*{_SUFFIX}"):
            if older != target:
                older.unlink(missing_ok=True)


def _check(content: bytes, url: str) -> None:
    root = xml.parse(content, f"the document at {describe(url)}")
    if xml.local(root) not in _ROOTS:
        raise ProtocolError(
            "soap.wsdl",
            f"the document at {describe(url)} is neither WSDL nor schema: <{xml.local(root)}>",
            remedy="Check the system's wsdl address; many services want ?wsdl at its end",
        )


def _name(url: str, content: bytes) -> str:
    return f"{_hash(url.encode())}-{_hash(content)}{_SUFFIX}"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]
