"""What the folder and its files may do wrong: the one place where it becomes a class.

Guarantee: a message names files, lines, bytes and columns, and never what stands in them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from config.tree import Node
from midspan.kernel.errors import (
    AccessDenied,
    ConfigurationError,
    MidspanError,
    ProtocolError,
    TransientError,
)


def incomplete(name: str, reason: str) -> ProtocolError:
    """Return the error for a file that is not whole."""
    return ProtocolError(
        "file.incomplete",
        f"{name} is not whole: {reason}; nothing of it was read",
        remedy="Have it sent again, or take it out of the folder",
        file=name,
    )


def malformed(name: str, reason: str) -> ProtocolError:
    """Return the error for a file that is not of its format, so that no record can be told."""
    return ProtocolError(
        "file.malformed",
        f"{name} cannot be read: {reason}; nothing of it was read",
        remedy="Have it sent again; check 'format', 'rows' and 'encoding'",
        file=name,
    )


def too_large(name: str, reason: str) -> ProtocolError:
    """Return the error for what would take more memory or disk than it should."""
    return ProtocolError(
        "file.too_large",
        f"{name}: {reason}",
        remedy="Check that the pattern finds the right files, and 'format' and 'rows'",
        file=name,
    )


def missing_folder(conn_id: str) -> ProtocolError:
    """Return the error for a connection whose folder is not there."""
    return ProtocolError(
        "file.folder",
        f"the folder of the connection '{conn_id}' is not there",
        remedy="Check its path, and that the share is mounted",
    )


def denied(name: str, right: str = "read") -> AccessDenied:
    """Return the error for a missing right."""
    return AccessDenied(
        "file.denied",
        f"{name} may not be {'read' if right == 'read' else 'written'}",
        remedy=f"Grant {right} to the user that Midspan comes as",
    )


def unreachable(name: str, reason: str) -> TransientError:
    """Return the error for a folder or file that cannot be reached now."""
    return TransientError(
        "file.unreachable",
        f"{name} cannot be reached ({reason})",
        remedy="Check the share, or host and port of the connection",
        acted=False,
    )


def changed(name: str) -> TransientError:
    """Return the error for a file that was written while it was read."""
    return TransientError(
        "file.changed",
        f"{name} was changed or taken away while it was read",
        remedy="Raise 'stable_for', or have it written under another name and renamed",
    )


def misconfigured(stream: str, message: str, remedy: str = "") -> MidspanError:
    """Return the error for keys that do not go together."""
    return MidspanError("file.options", f"the stream '{stream}' {message}", remedy=remedy)


def bad_range(node: Node, remedy: str) -> ConfigurationError:
    """Return the error for a field's place that cannot be read."""
    return ConfigurationError(
        [node.problem("config.columns", f"'{node.value}' is no range of columns", remedy)]
    )


@contextmanager
def translated(name: str, right: str = "read") -> Iterator[None]:
    """Turn the operating system's errors into ours."""
    try:
        yield
    except PermissionError:
        raise denied(name, right) from None
    except (FileExistsError, NotADirectoryError):  # a file stands where a folder should be
        raise denied(name, right) from None
    except OSError as error:
        raise unreachable(name, error.strerror or type(error).__name__) from None
