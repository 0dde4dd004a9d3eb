"""A rank and its world: joining it, and when it gets other members."""
