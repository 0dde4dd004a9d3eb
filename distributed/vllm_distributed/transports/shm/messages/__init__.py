"""Messages between two ranks of one node."""
