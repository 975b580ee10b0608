"""Makes the envelope out of what came over HTTP.

Guarantee: what is no envelope raises with its reason. Parts of a multi-part reply are put
where it refers to them, by zeep's own decoder. Characters that XML forbids and old systems
send are taken out, and told; an encoding that only the HTTP header knows is believed where
the document cannot be read without.
"""

import logging
import re
from email.message import Message

from lxml import etree
from requests_toolbelt.multipart.decoder import (
    ImproperBodyPartContentException,
    MultipartDecoder,
    NonMultipartContentTypeException,
)
from zeep.wsdl.attachments import MessagePack
from zeep.wsdl.messages.xop import process_xop

from adapters.http_errors import raise_for_status
from adapters.http_replies import Reply
from adapters.soap import xml
from midspan.kernel.errors import ProtocolError, TransientError

_LOG = logging.getLogger(__name__)
_MULTIPART = "multipart/related"
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
# An envelope, with its declaration where it has one.
_BEGIN = re.compile(rb"(?:<\?xml[^<>]*\?>\s*)?<(?P<tag>(?:[\w.-]+:)?Envelope)[\s>]")
_LATIN = re.compile(rb"\s*<\?xml[^<>]*encoding=[\"'](?:iso-8859-1|latin-?1)[\"']", re.IGNORECASE)
_WINDOWS = re.compile(rb"[\x80-\x9f]")
_NEITHER = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def media_type(reply: Reply) -> tuple[str, str | None]:
    """Return a reply's media type and charset, in lower case."""
    head = Message()
    head["Content-Type"] = reply.headers.get("Content-Type", "text/xml")
    return head.get_content_type(), head.get_content_charset()


def envelope(reply: Reply, where: str) -> etree._Element:
    """Return the envelope that a reply holds; its body is ``xml.payload``.

    Raises what the HTTP status means where there is no envelope, and ProtocolError
    ``soap.no_envelope``, ``soap.multipart`` and those of ``xml.parse``.
    """
    content = reply.body
    if not 200 <= reply.status < 300 and b"Envelope" not in content:
        raise_for_status(reply)
    kind, charset = media_type(reply)
    root = _from_parts(reply, where) if kind == _MULTIPART else _parsed(content, charset, where)
    if xml.payload(root) is None:
        raise_for_status(reply)
        raise ProtocolError(
            "soap.no_envelope",
            f"{where} is XML, but no SOAP envelope",
            remedy="Check the service address: set 'address' if the WSDL names a wrong one",
        )
    return root


def _parsed(content: bytes, charset: str | None, where: str) -> etree._Element:
    try:
        return xml.parse(content, where, _meant_encoding(content, where))
    except (ProtocolError, TransientError) as error:
        if error.code not in ("soap.not_xml", "soap.truncated", "soap.html"):
            raise
        if (inner := _without_noise(content)) is not None:
            _LOG.warning("%s holds other text around its envelope: left out", where)
            return _parsed(inner, charset, where)
        if error.code != "soap.not_xml":
            raise
        clean, count = _FORBIDDEN.subn(b"", content)
        if count:
            _LOG.warning("%s holds %d characters that XML forbids: taken out", where, count)
            return _parsed(clean, charset, where)
        if charset in (None, "utf-8"):
            raise
        return xml.parse(content, where, charset)


def _without_noise(content: bytes) -> bytes | None:
    """Return the envelope alone, where a server's notices stand before or after it.

    None where there is nothing besides, or no whole envelope.
    """
    begin = _BEGIN.search(content)
    if begin is None:
        return None
    tag = begin["tag"]
    end = content.rfind(b"</" + tag + b">")
    inner = content[begin.start() : end + len(tag) + 3]
    return inner if end > 0 and len(inner) < len(content.strip()) else None


def _meant_encoding(content: bytes, where: str) -> str | None:
    """Return the encoding of a document that says ISO-8859-1 and holds Windows' characters.

    What those bytes are in ISO-8859-1 is no character of any text.
    """
    declared = _LATIN.match(content)
    if declared is None or not _WINDOWS.search(content) or _NEITHER.search(content):
        return None
    _LOG.warning("%s says ISO-8859-1 and is in windows-1252: read as that", where)
    return "windows-1252"


def _from_parts(reply: Reply, where: str) -> etree._Element:
    try:
        parts = MultipartDecoder(reply.body, reply.headers.get("Content-Type", ""), "utf-8").parts
        root = _parsed(parts[0].content, None, where)
        process_xop(root, MessagePack(parts=parts[1:]))  # type: ignore[no-untyped-call]  # zeep's annotations end here
    except (
        ImproperBodyPartContentException,
        NonMultipartContentTypeException,
        LookupError,
        TypeError,
        ValueError,
    ):
        raise ProtocolError(
            "soap.multipart",
            f"{where} has several parts, and they do not fit together",
            remedy="The reply is damaged: ask the system's owner",
        ) from None
    return root
