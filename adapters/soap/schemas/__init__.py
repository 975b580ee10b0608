"""The schemas that everybody's WSDL imports, from places that are rarely reachable.

Each declares what real documents refer to, by the names of its standard. The types of the
SOAP encoding are those of XML Schema: their ``id`` and ``href`` are read by ``reading``.
"""

from functools import cache
from importlib.resources import files

_FILES = {
    "schemas.xmlsoap.org/soap/encoding": "soap-encoding.xsd",
    "www.w3.org/2003/05/soap-encoding": "soap12-encoding.xsd",
    "schemas.xmlsoap.org/wsdl": "wsdl.xsd",
    "schemas.xmlsoap.org/wsdl/soap": "wsdl-soap.xsd",
    "schemas.xmlsoap.org/soap/envelope": "soap-envelope.xsd",
    "www.w3.org/2003/05/soap-envelope": "soap12-envelope.xsd",
    "www.w3.org/2001/xml.xsd": "xml.xsd",
    "www.w3.org/XML/1998/namespace": "xml.xsd",
    "www.w3.org/2001/03/xml.xsd": "xml.xsd",
    "www.w3.org/2009/01/xml.xsd": "xml.xsd",
    "xml.apache.org/xml-soap": "xml-soap.xsd",
    "www.w3.org/2005/05/xmlmime": "xmlmime.xsd",
    "www.w3.org/2004/08/xop/include": "xop-include.xsd",
    "www.w3.org/2005/08/addressing": "addressing.xsd",
    "www.w3.org/2005/08/addressing/ws-addr.xsd": "addressing.xsd",
    "www.w3.org/2006/03/addressing/ws-addr.xsd": "addressing.xsd",
    "schemas.xmlsoap.org/ws/2004/08/addressing": "addressing-2004.xsd",
    "docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd": "secext.xsd",
    "docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd": "utility.xsd",
    "www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd": "xmldsig.xsd",
    "www.w3.org/2000/09/xmldsig": "xmldsig.xsd",
    "www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd": "xmldsig.xsd",
}


@cache
def bundled(location: str) -> bytes | None:
    """Return the bundled document that stands at a location, None for any other."""
    scheme, _, rest = location.partition("://")
    name = _FILES.get(rest.rstrip("/#")) if scheme in ("http", "https") else None
    return (files(__name__) / name).read_bytes() if name else None
