"""The way in: one stream of one system becomes golden records, slice by slice, exactly once."""
