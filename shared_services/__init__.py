"""Shared services: what market-facing apps consume, and how it reaches them."""
