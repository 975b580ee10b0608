"""Hears everything that is logged, and every error's text, and finds what must not be told.

Guarantee: every logger speaks at DEBUG while it listens, also those that were set to be quiet
or keep to themselves; afterwards each is as it was.
"""

import logging
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Self

MARK = "ZQXW"
"""Stands in every text that the suite puts into a record."""


class Ears(logging.Handler):
    """A context in which nobody may tell one of ``secrets`` or a record's text.

    What ``deaf_to``, loggers with those beneath them, tell is not heard.
    """

    def __init__(self, secrets: Sequence[str], deaf_to: tuple[str, ...] = ()) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []
        self._forbidden = (*filter(None, secrets), MARK)
        self._deaf_to = deaf_to
        self._levels: list[tuple[logging.Logger, int]] = []

    def __enter__(self) -> Self:
        found = logging.root.manager.loggerDict.values()
        loggers = [each for each in found if isinstance(each, logging.Logger)]
        for logger in (logging.root, *loggers):
            self._levels.append((logger, logger.level))
            logger.setLevel(logging.DEBUG)
            if logger is logging.root or not logger.propagate:
                logger.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for logger, level in self._levels:
            logger.setLevel(level)
            logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Hear a log record, with its exception."""
        if not any(f"{record.name}.".startswith(f"{name}.") for name in self._deaf_to):
            self._hear(f"log of {record.name}", self.format(record))

    def hear(self, error: BaseException) -> None:
        """Hear an error, with what it was raised from."""
        self._hear(f"a {type(error).__name__}", "".join(traceback.format_exception(error)))
        self._hear(f"a {type(error).__name__}", repr(getattr(error, "context", "")))

    def _hear(self, where: str, told: str) -> None:
        self.leaks += [f"{where}: {told}" for secret in self._forbidden if secret in told]
