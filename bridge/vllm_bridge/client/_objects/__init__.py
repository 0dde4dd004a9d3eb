"""What stays in a rank: objects, and contexts that are entered."""
