"""What runs inside the ERP's own environment: only Tryton and the standard library are there."""
