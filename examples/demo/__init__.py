"""The demo: the demo company's systems, connected, changed, and every number checked."""
