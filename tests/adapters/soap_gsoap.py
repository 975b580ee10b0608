"""A SOAP service of a foreign stack: gSOAP, in rpc/encoded, built from its own sources.

Built once and kept under ``var``, by the hash of its sources; what the compiler needs comes
from the distribution's packages. It runs on loopback, on a free port, while a context lasts.
"""

import hashlib
import http.client
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from config.connections import Connection
from deploy.local import host
from midspan.kernel.redaction import Secret

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent / "soap_warehouse"
_BUILT = ROOT / "var" / "soap_gsoap"
_PACKAGES = {"soapcpp2": "gsoap", "/usr/include/stdsoap2.h": "libgsoap-dev", "g++": "g++"}


@dataclass(frozen=True)
class Warehouse:
    """A running warehouse; ``wsdl`` is the one that gSOAP made of its sources."""

    port: int
    password: str
    wsdl: Path

    @property
    def connection(self) -> Connection:
        """The connection of a user that is let in."""
        return Connection("legacy", "http", "127.0.0.1", self.port, "clerk", Secret(self.password))

    def steer(self, what: str, number: int = 0, text: str = "", changed: str = "") -> str:
        """Do something beside the adapter, and return what the warehouse says."""
        parts = {"what": what, "id": number, "text": text, "changed": changed}
        inner = "".join(f"<{name}>{escape(str(one))}</{name}>" for name, one in parts.items())
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:n="urn:warehouse"><s:Body><n:steer>'
            f"{inner}</n:steer></s:Body></s:Envelope>"
        )
        door = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            door.request("POST", "/", body.encode(), {"Content-Type": "text/xml"})
            told = door.getresponse().read().decode()
        finally:
            door.close()
        return told.partition("<answer>")[2].partition("</answer>")[0]


@contextmanager
def running_warehouse() -> Iterator[Warehouse]:
    """Build the service where that has not happened yet, and run it."""
    place = _build()
    password = secrets.token_hex(8)
    process = subprocess.Popen(
        [str(place / "warehouse")],
        stdout=subprocess.PIPE,
        env={"WAREHOUSE_PASSWORD": password},
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Warehouse(port, password, place / "warehouse.wsdl")
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def _build() -> Path:
    """Return the folder that holds the service, built from the present sources."""
    files = [SOURCES / "warehouse.h", SOURCES / "warehouse.cpp"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    place = _BUILT / digest
    if (place / "warehouse").exists():
        return place
    _install()
    unfinished = _BUILT / f"{digest}-{secrets.token_hex(4)}"
    unfinished.mkdir(parents=True)
    _run(["soapcpp2", "-S", "-L", "-x", str(files[0])], unfinished)
    sources = [str(files[1]), "soapC.cpp", "soapServer.cpp"]
    flags = ["-w", "-O0", "-I.", "-lgsoap++", "-lpthread"]
    _run(["g++", "-o", "warehouse", *sources, *flags], unfinished)
    if place.exists():  # another process was as quick
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(place)
    return place


def _install() -> None:
    missing = [
        package
        for name, package in _PACKAGES.items()
        if not (Path(name).exists() if name.startswith("/") else shutil.which(name))
    ]
    if missing:
        _BUILT.mkdir(parents=True, exist_ok=True)
        host.install(missing, (), _BUILT / "apt.log")


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=110)
