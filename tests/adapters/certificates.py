"""Keys and self-signed certificates for tests, made by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, as PEM files."""

    key: Path
    certificate: Path


def make_pair(folder: Path, name: str) -> Pair:
    """Make a key and a certificate that it signs itself."""
    pair = Pair(folder / f"{name}.key", folder / f"{name}.crt")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-keyout", str(pair.key), "-out", str(pair.certificate)]
    subprocess.run(
        [*command, "-subj", f"/CN={name}", *files], check=True, capture_output=True, timeout=60
    )
    return pair
