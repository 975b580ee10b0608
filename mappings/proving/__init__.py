"""A mapping proven on rows: the examples in its file, and the rows captured in its golden file."""
