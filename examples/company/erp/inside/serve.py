"""Serves as `trytond` does, and ends in order when it is asked to: arguments as `trytond`'s."""

import gc
import signal
import sys
from types import FrameType

from trytond.cli import main  # type: ignore[import-not-found]


def leave(_signal: int, _frame: FrameType | None) -> None:
    """End through the interpreter, so that sockets and files are closed."""
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    gc.set_threshold(100_000)  # Tryton's start makes a million objects that all stay
    main()
