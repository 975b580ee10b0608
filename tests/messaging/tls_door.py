"""A TLS door in front of the broker, with a certificate made for the occasion."""

import contextlib
import socket
import ssl
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class TlsDoor:
    """Speaks TLS and forwards to the broker of ``url``; ``self.url`` leads through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 5672)
        self._folder = tempfile.TemporaryDirectory()
        certificate = _certificate(Path(self._folder.name))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        credentials = parts.netloc.rpartition("@")[0]
        options = quote(str({"ca_certs": str(certificate)}))
        port = self._listener.getsockname()[1]
        self.url = f"amqps://{credentials}@127.0.0.1:{port}{parts.path}?ssl_options={options}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for each in self._open:
            each.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                inner = socket.create_connection(self._target)
                self._open += [plain, inner]
                threading.Thread(target=self._serve, args=(plain, inner), daemon=True).start()

    def _serve(self, plain: socket.socket, inner: socket.socket) -> None:
        """Pump both ways from one thread: a TLS socket may not be read and written by two."""
        with contextlib.suppress(OSError):
            outer = self._context.wrap_socket(plain, server_side=True)
            self._open.append(outer)
            outer.settimeout(0.005)
            inner.settimeout(0.005)
            while _pump(outer, inner) and _pump(inner, outer):
                pass


def _pump(source: socket.socket, target: socket.socket) -> bool:
    try:
        data = source.recv(65536)
    except TimeoutError:
        return True
    target.settimeout(10)
    target.sendall(data)
    target.settimeout(0.005)
    return bool(data)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
