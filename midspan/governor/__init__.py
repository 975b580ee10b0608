"""Protects the legacy systems: whatever calls one passes its gate."""

from midspan.governor.control import ControlStore, open_control
from midspan.governor.gate import DatabaseGate

__all__ = ["ControlStore", "DatabaseGate", "open_control"]
