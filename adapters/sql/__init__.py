"""Reads relational databases, by configuration alone."""

from adapters.sql.adapter import SqlAdapter

__all__ = ["SqlAdapter"]
