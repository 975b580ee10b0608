"""What is measured beside us, each in a process of its own."""
