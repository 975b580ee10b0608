"""Protects the legacy systems: whatever calls one passes its gate."""

from midspan.governor.catalogs import Catalogs, KeptCatalog, KeptStream
from midspan.governor.control import ControlStore, control_file, open_control
from midspan.governor.gate import DatabaseGate

__all__ = [
    "Catalogs",
    "ControlStore",
    "DatabaseGate",
    "KeptCatalog",
    "KeptStream",
    "control_file",
    "open_control",
]
