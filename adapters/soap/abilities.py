"""What can be done with a stream, by its configuration alone."""

from collections.abc import Collection

from adapters.base import BoundStream
from adapters.soap.spec import StreamSpec
from adapters.soap.spec_lists import CallSpec
from adapters.writing import CAPABILITY_OF
from midspan.kernel.writing import Capability, WriteKind


def capabilities(stream: BoundStream) -> frozenset[Capability]:
    """Return what can be done with a stream as it is configured."""
    options: StreamSpec = stream.options
    can = {Capability.READ, Capability.KEYS}
    if stream.cursor is not None and _asks_for_changes(options, stream.cursor.fields):
        can.add(Capability.CHANGES)
    if options.detail is not None:
        can.add(Capability.BY_KEY)
    if options.find is not None:
        can.add(Capability.LOOKUP)
    for kind in stream.write.operations if stream.write else ():
        if call_of(options, kind) is not None:
            can.add(CAPABILITY_OF[kind])
    if options.find is None or stream.write is None or stream.write.reference is None:
        can.discard(Capability.CREATE)
    return frozenset(can)


def call_of(options: StreamSpec, kind: WriteKind) -> CallSpec | None:
    """Return the operation that makes a change of a kind."""
    calls = {"create": options.create, "update": options.update, "delete": options.delete}
    return calls[kind]


def _asks_for_changes(options: StreamSpec, fields: Collection[str]) -> bool:
    told = str(options.arguments.plain()) if options.arguments is not None else ""
    keyset = options.paging is not None and options.paging.field in fields
    return options.windows is not None or "{lower}" in told or keyset
