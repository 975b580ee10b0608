"""Drafts of mappings: what a stream's columns are, told from their names and sampled values.

``suggest`` makes a ``Draft`` of a ``Sample``; ``try_out`` translates the sample by it, and
``render`` writes it as a mapping file. A draft is for a person to read: nothing here applies
one.
"""

from mappings.suggest.composing import Line
from mappings.suggest.drafting import Draft, Left, Sample, suggest
from mappings.suggest.naming import Lexicon
from mappings.suggest.rendering import Trial, render, try_out

__all__ = ["Draft", "Left", "Lexicon", "Line", "Sample", "Trial", "render", "suggest", "try_out"]
