"""Text in any encoding, as UTF-8: for the formats whose structure is sought in the bytes."""

import codecs
from typing import BinaryIO

from adapters.file.codec import Codec
from adapters.file.errors import malformed


class Transcoded:
    """Reads a file from where it stands, and gives it as UTF-8; bytes and memory are bounded."""

    def __init__(self, file: BinaryIO, codec: Codec, name: str) -> None:
        self._file = file
        self._name = name
        self._codec = codec.name
        self._decoder = codecs.getincrementaldecoder(codec.name)()
        self._rest = b""
        file.seek(max(file.tell(), codec.mark))

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes of UTF-8; none at the end."""
        while not self._rest:
            chunk = self._file.read(size)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeError:
                raise malformed(
                    self._name, f"it holds bytes that are no character of {self._codec}"
                ) from None
            self._rest = text.encode("utf-8", "surrogatepass")
            if not chunk:
                break
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
