"""Whether a stream of files can be used as it is configured."""

from adapters.file.arrivals import archive_of
from adapters.file.folder import Folder, joined
from adapters.file.reader import StreamReader
from midspan.kernel.errors import (
    AccessDenied,
    DriftError,
    ProtocolError,
    RecordError,
    TransientError,
)
from midspan.kernel.stream import StreamCheck

_PROBE = ".midspan.check"


def check_stream(reader: StreamReader, folder: Folder, *, deep: bool) -> StreamCheck:
    """Read the newest file; ``deep`` to its end, and try whether files can be put away."""
    name = reader.stream.name
    try:
        newest = reader.newest()
        first = reader.first(newest, through=deep) if newest else None
        remarks = list(reader.remarks())
    except (AccessDenied, DriftError, ProtocolError, RecordError) as error:
        return StreamCheck(name, readable=False, problem=str(error))
    if first is not None and first.rejects:
        reject = first.rejects[0]
        remarks.append(f"{reject.where}: {reject.message} [{reject.code}]")
    archive = archive_of(reader.spec)
    if deep and archive is not None:
        try:
            folder.store(joined(archive, _PROBE), b"")
            folder.remove(joined(archive, _PROBE))
        except (AccessDenied, TransientError) as error:
            return StreamCheck(
                name,
                readable=True,
                problem=str(error),
                writable=False,
                grant=f"write in the folder '{archive}', and rename in the drop folder",
                remarks=tuple(remarks),
            )
    return StreamCheck(name, readable=True, remarks=tuple(remarks))
