"""The product center owns products and their prices."""
