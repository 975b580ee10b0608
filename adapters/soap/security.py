"""WS-Security: what is put into each request's header, and what a signed reply must prove.

Guarantee: a reply is taken only when its signature, made by ``peer_cert``, covers its body.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from lxml import etree
from zeep.exceptions import Error
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU, get_security_header

from adapters.soap import xml
from adapters.soap.spec import SecuritySpec
from config.connections import Connection
from midspan.kernel.errors import AccessDenied, ProtocolError

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


def headers_of(spec: SecuritySpec | None, connection: Connection) -> list[Any] | None:
    """Return what zeep applies to each request, in order; None for nothing."""
    if spec is None:
        return None
    made: list[Any] = []
    if spec.timestamp is not None:
        made.append(_Timestamp(spec.timestamp))
    if spec.username is not None:
        digest = spec.username == "digest"
        made.append(
            UsernameToken(  # type: ignore[no-untyped-call]  # zeep's annotations end here
                connection.login,
                connection.password.reveal(),
                use_digest=digest,
                zulu_timestamp=True,
            )
        )
    if spec.signature:
        made.append(_signature(spec, connection.extra))
    return made


def verify(envelope: etree._Element, connection: Connection, where: str) -> None:
    """Raise ProtocolError ``soap.signature`` unless the peer has signed the reply's body."""
    peer = connection.extra.get("peer_cert")
    if not peer:
        return
    from xmlsec import Error as XmlsecError
    from zeep.wsse.signature import verify_envelope

    try:
        verify_envelope(envelope, str(peer))  # type: ignore[no-untyped-call]  # zeep's annotations end here
        whole = _covers_body(envelope)
    except (Error, XmlsecError, AttributeError, LookupError):
        whole = False
    if not whole:
        raise ProtocolError(
            "soap.signature",
            f"{where} is not signed by the certificate of the connection's peer_cert",
            remedy="Ask the system's owner for the certificate that it signs with now",
        )


def _covers_body(envelope: etree._Element) -> bool:
    body = xml.payload(envelope)
    name = body.get(_WSU_ID) if body is not None else None
    signed = {one.get("URI") for one in envelope.iter(f"{_DS}Reference")}
    twins = [one for one in envelope.iter("{*}*") if one.get(_WSU_ID) == name]
    return name is not None and f"#{name}" in signed and len(twins) == 1


def _signature(spec: SecuritySpec, extra: Mapping[str, Any]) -> Any:
    key, certificate = extra.get("sign_key"), extra.get("sign_cert")
    if not key or not certificate:
        raise AccessDenied(
            "soap.sign_key",
            "requests are to be signed, and the connection names no key and certificate",
            remedy="Set sign_key and sign_cert in the connection's extra, as paths of PEM files",
        )
    from zeep.wsse.signature import BinarySignature, Signature

    cls = BinarySignature if spec.binary_token else Signature
    words: Any = import_module("xmlsec").Transform
    new = spec.algorithm == "rsa-sha256"
    try:
        return cls(  # type: ignore[no-untyped-call]  # zeep's annotations end here
            str(key),
            str(certificate),
            extra.get("sign_password"),
            signature_method=words.RSA_SHA256 if new else words.RSA_SHA1,
            digest_method=words.SHA256 if new else words.SHA1,
        )
    except OSError:
        raise AccessDenied(
            "soap.sign_key",
            "the files of sign_key and sign_cert cannot be read",
            remedy="Correct the paths in the connection's extra",
        ) from None


class _Timestamp:
    """Says until when a request is valid."""

    def __init__(self, life: timedelta) -> None:
        self._life = life

    def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
        """Put the stamp in, as zeep asks for."""
        now = datetime.now(UTC)
        stamp = WSU.Timestamp(
            WSU.Created(now.strftime(_STAMP)), WSU.Expires((now + self._life).strftime(_STAMP))
        )
        get_security_header(envelope).append(stamp)  # type: ignore[no-untyped-call]  # zeep's annotations end here
        return envelope, headers
