"""The two wheels that are made from this tree: ``midspan`` and ``midspan-client``."""
