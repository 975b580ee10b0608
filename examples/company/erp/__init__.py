"""The demo company's ERP: a real Tryton 8.2 in an environment of its own, read over JSON-RPC."""
