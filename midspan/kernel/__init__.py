"""Ground floor: errors, records, gate, clock and redaction, from the standard library alone."""
