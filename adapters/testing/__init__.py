"""Tools that prove an adapter."""
