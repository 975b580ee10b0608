"""How databases number and word their errors, and what each is told as: tables alone."""

import re

from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    MidspanError,
    ProtocolError,
    RecordError,
    TransientError,
)

_NAME = r"[`'\"\[(]*(?P<name>[\w$#. ]+?)[`'\")\]]*"

# The first two or all five characters of a SQLSTATE; the longer one counts.
SQLSTATES = {
    "08": "unreachable",
    "0A": "statement",
    "22": "type_changed",
    "23": "refused",
    "25": "busy",
    "28": "login",
    "3D": "no_database",
    "3F": "no_table",
    "40": "busy",
    "42": "statement",
    "44": "refused",
    "53": "busy",
    "54": "statement",
    "55": "busy",
    "57": "unreachable",
    "58": "unreachable",
    "P0": "refused",
    "XX": "broken",
    "HYT00": "timeout",
    "HYT01": "timeout",
    "57014": "timeout",
    "25006": "statement",
    "25P03": "timeout",
    "42501": "grant",
    "42703": "column_gone",
    "42S22": "column_gone",
    "42P01": "no_table",
    "42S02": "no_table",
    "42804": "type_changed",
    "42883": "type_changed",
    "53100": "broken",
}
MYSQL = {
    **dict.fromkeys((1040, 1203, 1205, 1213, 1226, 1927), "busy"),
    **dict.fromkeys((1053, 1152, 1158, 1159, 1160, 1161, 2002, 2003, 2005), "unreachable"),
    **dict.fromkeys((2006, 2013, 2055, 4031), "unreachable"),
    **dict.fromkeys((1317, 1969, 3024), "timeout"),
    **dict.fromkeys((1045, 1130, 1251, 1698, 1820, 1862, 3118, 4151), "login"),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370), "grant"),
    **dict.fromkeys((1146, 1356), "no_table"),
    **dict.fromkeys((1064, 1149, 1267, 1271, 1792), "statement"),
    **dict.fromkeys((126, 127, 145, 1034, 1194, 1712), "broken"),
    **dict.fromkeys((1022, 1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406), "refused"),
    **dict.fromkeys((1451, 1452, 1557, 1644, 1690, 3819, 4025), "refused"),
    1049: "no_database",
    1054: "column_gone",
    2026: "tls",
}
# SQLite's primary result codes; what is told by code 1 alone is told apart by its text.
SQLITE = {
    5: "busy",
    6: "busy",
    8: "grant",
    9: "timeout",
    10: "unreachable",
    11: "broken",
    14: "no_database",
    18: "refused",
    19: "refused",
    20: "refused",
    23: "grant",
    26: "broken",
}
ORACLE = {
    **dict.fromkeys((1017, 1045, 28000, 28001), "login"),
    **dict.fromkeys((1031, 1720), "grant"),
    **dict.fromkeys((1033, 1034, 1089, 3113, 3114, 12154, 12170, 12514, 12541), "unreachable"),
    **dict.fromkeys((54, 60, 1555, 8177, 12516, 12519), "busy"),
    **dict.fromkeys((1, 1400, 1407, 1438, 2290, 2291, 2292, 12899), "refused"),
    1013: "timeout",
    942: "no_table",
    904: "column_gone",
    932: "type_changed",
    1722: "type_changed",
}
MSSQL = {
    **dict.fromkeys((18452, 18456, 18487, 18488), "login"),
    **dict.fromkeys((229, 230, 262, 297, 300, 916), "grant"),
    **dict.fromkeys((1204, 1205, 1222, 3960, 10928, 10929, 40501), "busy"),
    **dict.fromkeys((515, 547, 2601, 2627, 2628, 8152), "refused"),
    207: "column_gone",
    208: "no_table",
    245: "type_changed",
    4060: "no_database",
}
# Where an error comes without a number: before the login is through, mostly.
TEXTS = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (r"no such table: ", "no_table"),
        (r"no such column: ", "column_gone"),
        (r"(password|peer|ident) authentication failed|no password supplied", "login"),
        (r"role \S+ does not exist|no pg_hba\.conf entry|login failed|access denied", "login"),
        (r"database \S+ does not exist|unknown database", "no_database"),
        (r"certificate|SSL error|server does not support SSL|TLS", "tls"),
        (r"too many (clients|connections)|connection slots", "busy"),
        (r"codec can't decode", "encoding"),
        (r"timeout|timed out|closed", "unreachable"),
    )
)
# Where a message names what is missing: only identifiers are taken from it.
NAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"no such (?:table|column): " + _NAME + r"$",
        r"unknown column " + _NAME + r" in",
        r"command denied .* for (?:table|column) (?P<name>[`'\"\w$.# ]+)",
        r"table " + _NAME + r" doesn't exist",
        r"view " + _NAME + r" references",
        r"permission denied for \w+(?: \w+)? " + _NAME + r"$",
        r"(?:column|relation|schema) " + _NAME + r" does not exist",
        r"invalid (?:column|object) name " + _NAME + r"\.",
        r"^(?:\d+ )?(?:column|field) "
        + _NAME
        + r" (?:cannot be null|doesn't have a default value)$",
        r"for key " + _NAME + r"$",
        r"for column (?P<name>[`'\"\w$.# ]+) at row \d+$",
        r"^(?:unique|not null) constraint failed: (?P<name>[\w$.# ,]+)$",
    )
)

# What each meaning is told as; ``{name}`` is what the message names, ``{target}`` what was asked.
MEANINGS: dict[str, MidspanError] = {
    "login": AccessDenied(
        "sql.login",
        "the database refused the login",
        remedy="Check the connection's login, password and schema, and who may connect from here",
    ),
    "grant": AccessDenied(
        "sql.denied",
        "the connection's user has no {right} right on {name}",
        remedy="Let its administrator GRANT {right} ON {target} to that user",
    ),
    "tls": AccessDenied(
        "sql.tls",
        "the secure connection could not be made",
        remedy="Check the certificate, and the connection's TLS parameters",
    ),
    "no_database": ProtocolError(
        "sql.no_database",
        "there is no such database, or it cannot be opened",
        remedy="Check the connection's schema, or the file's path",
    ),
    "no_table": DriftError(
        "sql.no_table",
        "there is no table or view {name}",
        remedy="Correct table or schema; some databases hide what the user may not read",
    ),
    "column_gone": DriftError(
        "sql.column_gone",
        "{target} has no column {name}",
        remedy="Correct the mapping, primary_key, cursor or where that names it",
    ),
    "type_changed": DriftError(
        "sql.type_changed",
        "a column of {target} does not compare with the value given for it",
        remedy="Check the types of the key and of the cursor (type, format), and where",
    ),
    "statement": ProtocolError(
        "sql.statement",
        "the database does not accept the statement for {target}",
        remedy="Run the stream's query by hand; the database's log says what it refused",
    ),
    "broken": ProtocolError(
        "sql.broken",
        "the database reports damage or a full disk at {target}",
        remedy="Its administrator has to look at it",
    ),
    "refused": RecordError(
        "adapter.write_refused",
        "the database refuses these values ({name})",
        remedy="Correct the value that breaks the table's rule, or the mapping that made it",
    ),
    "encoding": ProtocolError(
        "sql.text",
        "a text of {target} is not in the connection's encoding",
        remedy="Take the database's native driver, which refuses such rows one by one",
    ),
    "timeout": TransientError(
        "sql.timeout",
        "the statement for {target} was ended before it was done",
        remedy="Lower rows_per_query, raise timeouts.total, or add an index on cursor and key",
    ),
    "unreachable": TransientError(
        "sql.unreachable",
        "there is no connection to the database, or it broke",
        remedy="Check host and port, and that the database runs",
    ),
    "busy": TransientError(
        "sql.busy",
        "the database cannot do it now (locks, limits or connections)",
        remedy="Lower the system's budget if it returns",
    ),
}
