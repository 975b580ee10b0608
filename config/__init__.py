"""Typed project configuration: trees that carry positions, and dataclasses bound from them.

Every problem of every file is reported at once, with file, line and column, before anything
runs. No secret ever stands in these files: a system names a connection id.
"""
