"""Where state lives: engines, units of work, and the tables every center makes from factories.

SQLite and PostgreSQL behave alike above this room; what differs between them stands here.
"""
