"""What every adapter promises, by subject."""
