"""Numbers with a fraction or an exponent, exactly as they are written.

Guarantee: nothing is rounded; a number that a Decimal cannot hold raises ``UNREADABLE_NUMBER``.
"""

from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    Clamped,
    Context,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
)

# An exponent may have more digits than a Decimal can hold.
UNREADABLE_NUMBER = DecimalException

# What Decimal(text) makes as well, in less time.
number = Context(
    prec=MAX_PREC,
    Emin=MIN_EMIN,
    Emax=MAX_EMAX,
    traps=[InvalidOperation, Overflow, Inexact, Rounded, Clamped],
).create_decimal
