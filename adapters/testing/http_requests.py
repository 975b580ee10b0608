"""Tells where an HTTP/1 request ends, so that the proxy can answer it in the server's place."""

_HEAD_END = b"\r\n\r\n"


def is_whole(data: bytes) -> bool:
    """Return whether ``data`` holds a request with its whole body."""
    head, found, body = data.partition(_HEAD_END)
    if not found:
        return False
    headers = dict(_header(line) for line in head.split(b"\r\n")[1:])
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        return body.endswith(b"0" + _HEAD_END)
    return len(body) >= int(headers.get(b"content-length", b"0"))


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()
