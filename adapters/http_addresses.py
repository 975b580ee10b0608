"""Addresses over HTTP: what of one may be shown, and whether one leads to the same host.

Guarantee: what is shown of an address holds neither login nor query, which may carry a key; and
an address counts as the same host only as whoever connects reads it.
"""

from urllib.parse import urljoin, urlsplit

from urllib3.util import Url, parse_url

from midspan.kernel.errors import ProtocolError


def describe(url: str) -> str:
    """Return host, port and path of an address, fit for a message."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def host_of(url: str) -> str:
    """Return the host that would be called, in lower case; empty for an address that is none."""
    try:
        # As whoever connects reads it: "http://a\\@b/" is b to urlsplit and a to urllib3.
        return (parse_url(url).host or "").lower().strip("[]")
    except ValueError:
        return ""


def same_door(url: str, target: str) -> str | None:
    """Return ``target``, seen from ``url``, in full; None when it leads to another host."""
    try:
        whole = urljoin(url, target)
        old, new = parse_url(url), parse_url(whole)
    except ValueError:
        return None
    same = (old.scheme, _port(old)) == (new.scheme, _port(new))
    upgrade = (old.scheme, new.scheme) == ("http", "https")
    return whole if host_of(url) == host_of(whole) and (same or upgrade) else None


def redirected(url: str, location: str) -> str:
    """Return where a redirect leads; raise ProtocolError where that is another host."""
    target = same_door(url, location)
    if target is not None:
        return target
    raise ProtocolError(
        "http.redirect",
        f"{describe(url)} redirects to {_elsewhere(url, location)}",
        remedy="Credentials are not sent there; if that is the system, put it in the connection",
    )


def _elsewhere(url: str, location: str) -> str:
    try:
        new = parse_url(urljoin(url, location))
    except ValueError:
        return "an address that is none"
    return f"{new.scheme}://{new.netloc}{new.path or ''}"


def _port(parts: Url) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")
