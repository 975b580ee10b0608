"""What a database's error means to whoever asked it.

Guarantee: nothing of the foreign message is shown but the names of tables and columns, for
the rest of it quotes statements, values and hosts.
"""

import re

from adapters.sql.meanings import MEANINGS, MSSQL, MYSQL, NAMES, ORACLE, SQLITE, SQLSTATES, TEXTS
from midspan.kernel.errors import MidspanError

_UNFIT = re.compile(r"binding parameter|cannot adapt type|can't adapt type", re.IGNORECASE)


def translate(
    error: BaseException, stream: str = "", target: str = "", right: str = "SELECT"
) -> MidspanError:
    """Return what a foreign error means; ``target`` is the table or query that was asked.

    ``error`` may be SQLAlchemy's wrapping or the driver's own. ``right`` is what the statement
    needs: what is wrong with a value is told otherwise where it was to be written.
    """
    if isinstance(error, MidspanError):
        return error
    cause = getattr(error, "orig", None) or error
    text = _text(cause)
    meaning = _meaning(cause, text)
    if right == "SELECT":
        meaning = "statement" if meaning == "refused" else meaning
    elif meaning == "type_changed" or _is_of_values(cause):
        meaning = "refused"
    told, name = MEANINGS[meaning], _name(cause, text)
    known = {
        "name": name or target or "that",
        "target": target or name or "the database",
        "right": right,
    }
    context = {"stream": stream} if stream else {}
    return type(told)(
        told.code,
        told.message.format(**known),
        remedy=told.remedy.format(**known),
        **context,
    )


def _text(cause: BaseException) -> str:
    if isinstance(cause, UnicodeDecodeError):
        return "codec can't decode"  # its own text would quote the value
    diagnosis = getattr(cause, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    return str(primary or " ".join(str(one) for one in cause.args)).strip()


def _meaning(cause: BaseException, text: str) -> str:
    number, state = _number(cause), _sqlstate(cause)
    found, numbered = None, True
    if getattr(cause, "sqlite_errorcode", None) is not None:
        found = SQLITE.get(cause.sqlite_errorcode & 0xFF)  # type: ignore[attr-defined]
    elif number is not None and not isinstance(cause, OSError):
        found = MYSQL.get(number) or MSSQL.get(number)  # says more than a state beside it
    elif state:
        found = SQLSTATES.get(state) or SQLSTATES.get(state[:2])
    elif oracle := re.search(r"\bORA-(\d{5})", text):
        found = ORACLE.get(int(oracle[1]))
    else:
        numbered = False
    if found is None:
        found = next((one for pattern, one in TEXTS if pattern.search(text)), None)
    if found is None and not numbered and _is_lost(cause):
        found = "unreachable"
    return found or "statement"


def _is_lost(cause: BaseException) -> bool:
    """Tell whether an error without a number is of the connection."""
    return isinstance(cause, OSError) or type(cause).__name__ == "OperationalError"


def _is_of_values(cause: BaseException) -> bool:
    """Tell whether an error that a driver raised by itself is of a value's form."""
    return type(cause).__name__ in ("DataError", "IntegrityError") or bool(
        _UNFIT.search(str(cause))
    )


def _number(cause: BaseException) -> int | None:
    first = cause.args[0] if cause.args else None
    return first if isinstance(first, int) else None


def _sqlstate(cause: BaseException) -> str | None:
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    first = cause.args[0] if cause.args else None
    if state is None and isinstance(first, str) and re.fullmatch(r"[0-9A-Z]{5}", first):
        return first  # ODBC puts it first
    return state


def _name(cause: BaseException, text: str) -> str:
    diagnosis = getattr(cause, "diag", None)
    if told := getattr(diagnosis, "column_name", None) or getattr(diagnosis, "constraint_name", ""):
        return str(told)
    for pattern in NAMES:
        if match := pattern.search(text):
            return re.sub(r"[`'\"]", "", match["name"]).strip()
    return ""
