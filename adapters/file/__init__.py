"""Reads files that a system drops into a folder."""

from adapters.file.adapter import FileAdapter

__all__ = ["FileAdapter"]
