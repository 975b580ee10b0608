"""The way back: a canonical record becomes the legacy record it could have come from.

Guarantee: what is written is read back as the same. Each field is translated forward again
before a record is given out; one that would come back as anything else is refused.
"""

from mappings.reverse.mapping import ReverseField, ReverseMapping, reverse_of

__all__ = ["ReverseField", "ReverseMapping", "reverse_of"]
