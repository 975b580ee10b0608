"""Reads systems with an HTTP interface of resources, by configuration alone."""

from adapters.rest.adapter import RestAdapter

__all__ = ["RestAdapter"]
