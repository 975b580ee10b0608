"""Message translators: mapping files, compiled once into fast functions."""
