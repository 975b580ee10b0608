"""Channel adapters: the only code that talks to legacy systems, always through their gate."""
