"""The user center owns customers: one golden record over every system that knows them."""
