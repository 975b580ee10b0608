"""SOAP systems, connected by configuration alone; see ``adapter`` for what is promised."""

from adapters.soap.adapter import SoapAdapter

__all__ = ["SoapAdapter"]
