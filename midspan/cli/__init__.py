"""The ``midspan`` command."""
