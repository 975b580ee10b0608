"""Logs for machines: one JSON object a line, with what the work belongs to.

``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``; where there are such, ``trace_id``,
``message_id``, ``correlation_id`` of the call or event in hand, and of an exception its
``error`` (code or type) and ``stack`` (places alone). What a foreign exception says is left
out: it may quote what it choked on.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from midspan.kernel.errors import MidspanError
from shared_services.messaging.context import current_work, trace_id


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        work = current_work()
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": trace_id(work.traceparent),
            "message_id": work.message_id,
            "correlation_id": work.correlation_id,
        }
        if record.exc_info and record.exc_info[1] is not None:
            error, stack = record.exc_info[1:]
            line["error"] = error.code if isinstance(error, MidspanError) else type(error).__name__
            line["stack"] = _places(stack)
        return json.dumps({name: value for name, value in line.items() if value is not None})


def log_as_json(*, level: int = logging.INFO) -> None:
    """Let everything that is logged go to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _places(stack: TracebackType | None) -> list[str]:
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(stack)]
