"""Sends a change once, and tells what is certain about it.

Guarantee: a change that a system may have acted on is never repeated by the gate; its lost
answer becomes ``UncertainWrite``. A create whose success is reported counts only when the
record is found by its reference.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from adapters.base import BoundStream
from midspan.kernel.errors import (
    MidspanError,
    ProtocolError,
    RecordError,
    TransientError,
    UncertainWrite,
)
from midspan.kernel.gate import Timeouts
from midspan.kernel.writing import Capability, Record, WriteKind, WriteOperation, WriteResult

T = TypeVar("T")

CAPABILITY_OF: dict[WriteKind, Capability] = {
    "create": Capability.CREATE,
    "update": Capability.UPDATE,
    "delete": Capability.DELETE,
}


def once(stream: str, send: Callable[[Timeouts], T]) -> Callable[[Timeouts], T]:
    """Return ``send`` for the gate: repeated only where the system certainly did nothing.

    A session that ended (SessionExpired) passes: the system refused the change at its door.
    """

    def operation(timeouts: Timeouts) -> T:
        try:
            return send(timeouts)
        except TransientError as error:
            if not error.acted:
                raise
            raise _uncertain(stream, error) from error

    return operation


def require(capabilities: frozenset[Capability], stream: str, operation: WriteOperation) -> None:
    """Raise unless the stream can do this: ``adapter.not_writable``, ``adapter.no_key``."""
    if CAPABILITY_OF[operation.kind] not in capabilities:
        raise MidspanError(
            "adapter.not_writable",
            f"records of '{stream}' cannot be {operation.kind}d as it is configured",
            remedy="Name the operation under the stream's 'write', and how it is called",
            stream=stream,
        )
    if operation.kind != "create" and operation.key is None:
        raise RecordError(
            "adapter.no_key",
            f"the record to {operation.kind} is not named",
            remedy="Give its key",
            stream=stream,
        )


def carried(stream: BoundStream, operation: WriteOperation, reference: str) -> Record:
    """Return the values to send; those of a create carry the reference in the stream's field."""
    field = stream.write.reference if stream.write else None
    if operation.kind != "create" or field is None:
        return operation.values
    return {**operation.values, field: reference}


def confirmed(
    stream: BoundStream, reference: str, lookup: Callable[[str, str], Record | None]
) -> WriteResult:
    """Return the key of the record that a reported success has made.

    Raises UncertainWrite ``adapter.write_unseen`` where no record carries the reference (yet),
    ``adapter.write_uncertain`` where it could not be looked for.
    """
    try:
        record = lookup(stream.name, reference)
    except TransientError as error:
        raise _uncertain(stream.name, error) from error
    if record is None:
        raise UncertainWrite(
            "adapter.write_unseen",
            f"'{stream.name}' reports success, and no record carries the reference",
            remedy="It counts as not done when it is still unseen after write.settle_after",
            stream=stream.name,
        )
    return WriteResult(tuple(record[name] for name in stream.primary_key))


def no_record(stream: str, kind: WriteKind) -> RecordError:
    """Return the error for a change whose key names no record."""
    return RecordError(
        "adapter.no_record",
        f"there is no record of '{stream}' to {kind}",
        remedy="It was deleted, merged away, or is not one of this stream's; read it again",
        stream=stream,
    )


def only_one(stream: str, records: Sequence[Record]) -> Record | None:
    """Return the record among those that carry a reference; refuse several."""
    if len(records) > 1:
        raise ProtocolError(
            "adapter.twins",
            f"{len(records)} records of '{stream}' carry the same reference",
            remedy="Keep one of them in the source; check that 'reference' is ours alone",
            stream=stream,
        )
    return records[0] if records else None


def _uncertain(stream: str, error: TransientError) -> UncertainWrite:
    return UncertainWrite(
        "adapter.write_uncertain",
        f"a change of '{stream}' was sent, and its answer is lost ({error.code})",
        remedy="Look for its reference before anything else is sent",
        stream=stream,
    )
