"""The formats of files: what their bytes mean, one module each."""
