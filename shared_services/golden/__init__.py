"""Golden records: one permanent id for what several source rows say of the same thing."""
