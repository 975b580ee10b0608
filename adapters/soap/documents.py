"""WSDL and schemas, kept on disk between runs.

Guarantee: a document comes from the well-known ones that are bundled, from a file that the
configuration names, or from an allowed host; it is checked before it is kept, and is kept
whole or not at all. While the kept one is younger than its allowed age nothing is fetched;
when the system cannot be reached, an older one serves, so that work starts offline. What
cannot be had is named, with how to supply it.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.http_addresses import describe, host_of
from adapters.soap import xml
from adapters.soap.schemas import bundled
from config.binding import nearest
from midspan.kernel.errors import MidspanError, ProtocolError, TransientError

_LOG = logging.getLogger(__name__)
_ROOTS = frozenset({"definitions", "schema"})
_SUFFIX = ".xml"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where documents may come from.

    ``files`` are those that the configuration names, by location; documents below ``folder``
    may be imported from there.
    """

    hosts: tuple[str, ...]
    files: Mapping[str, Path]
    folder: Path | None
    max_age: timedelta


class Documents:
    """Loads documents by URL. ``fetch`` makes the remote call, through the gate."""

    def __init__(self, fetch: Callable[[str], bytes], folder: Path, sources: Sources) -> None:
        self._fetch = fetch
        self._folder = folder
        self._sources = sources
        self._max_age = sources.max_age.total_seconds()
        self.loaded: dict[str, str] = {}
        """What was loaded, and the hash of its content."""

    def load(self, url: str) -> bytes:
        """Return a document.

        Raises ProtocolError ``soap.import_refused`` for a place that is not allowed,
        ``soap.import_missing`` for what is not there, ``soap.wsdl`` for what is no WSDL or
        schema, and the errors of HTTP.
        """
        content = self._supplied(url) or bundled(url) or self._fetched(url)
        self.loaded[url] = _hash(content)
        return content

    def name(self, url: str) -> str:
        """Return a name for what is kept beside a document."""
        return _hash(url.encode())

    def derived(self, url: str, content: bytes, made_by: str, make: Callable[[], bytes]) -> bytes:
        """Return what ``make`` makes of a document's content; it is kept beside it."""
        name = f"{url}#{_hash(content)}#{made_by}"
        kept = self._kept(name)
        if kept is not None:
            return kept.read_bytes()
        made = make()
        self._keep(name, made)
        return made

    def _supplied(self, url: str) -> bytes | None:
        file = self._sources.files.get(url)
        if file is None and urlsplit(url).scheme == "file":
            file = self._below_folder(url)
        if file is None:
            return None
        try:
            content = _bare(file.read_bytes())
        except OSError:
            raise ProtocolError(
                "soap.import_missing",
                f"the file {file.name} for '{url}' cannot be read",
                remedy="Put it where wsdl or imports say, readable for this user",
            ) from None
        _check(content, url)
        return content

    def _below_folder(self, url: str) -> Path:
        folder = self._sources.folder
        file = Path(unquote(urlsplit(url).path)).resolve()
        if folder is None or not file.is_relative_to(folder.resolve()):
            raise ProtocolError(
                "soap.import_refused",
                f"the WSDL imports '{file.name}' from a place outside its own folder",
                remedy="Put a copy beside the WSDL, and name it under 'imports'",
            )
        return file

    def _fetched(self, url: str) -> bytes:
        self._refuse_strangers(url)
        kept = self._kept(url)
        if kept is not None and time.time() - kept.stat().st_mtime < self._max_age:
            return kept.read_bytes()
        try:
            content = _bare(self._fetch(url))
        except TransientError as error:
            if kept is None:
                raise
            _LOG.warning(
                "%s cannot be fetched (%s): the kept one serves", describe(url), error.code
            )
            return kept.read_bytes()
        except MidspanError as error:
            if not self.loaded:
                raise  # the WSDL itself: its address is wrong, and its own error says so
            raise ProtocolError(
                "soap.import_missing",
                f"the WSDL imports {describe(url)}, which cannot be fetched ({error.code})",
                remedy=f"Save it as a file, and write  imports: {{'{url}': FILE}}",
            ) from None
        _check(content, url)
        self._keep(url, content)
        return content

    def _refuse_strangers(self, url: str) -> None:
        host = host_of(url)
        if urlsplit(url).scheme not in ("http", "https"):
            raise ProtocolError(
                "soap.import_refused",
                f"the WSDL imports '{url}', which is no web address",
                remedy=f"Get the document, and write  imports: {{'{url}': FILE}}",
            )
        if host not in self._sources.hosts:
            raise ProtocolError(
                "soap.import_refused",
                f"the WSDL imports {describe(url)}, and '{host}' is not an allowed host",
                remedy=f"List it under allowed_hosts, or write  imports: {{'{url}': FILE}}. "
                + nearest(host, self._sources.hosts),
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


def _bare(content: bytes) -> bytes:
    """Return a document without the blank lines that PHP pages send before its declaration."""
    bare = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bare if bare.startswith(b"<?xml") else content


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
