"""What runs inside the ERP's own environment: only Tryton and the standard library are there.

The platform's environment has no Tryton, hence `type: ignore[import-not-found]` on its imports.
"""
