"""The verbs of the ``midspan`` command, by what they are about."""
