"""Protects the legacy systems: whatever calls one passes its gate."""

from midspan.governor.gate import ProcessGate

__all__ = ["ProcessGate"]
