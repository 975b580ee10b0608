"""The dbase adapter: tables of dBase III and IV, Clipper and FoxPro, in a folder."""

from midspan_dbase.adapter import DbaseAdapter

__all__ = ["DbaseAdapter"]
