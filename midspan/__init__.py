"""Midspan: the layer between the legacy systems a company keeps and the apps it ships."""

__version__ = "0.1.0"
