"""The demo company's CRM: a SOAP service of its own over a legacy database of its own."""
