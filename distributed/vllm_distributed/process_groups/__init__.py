"""Process groups of torch: how they are made, their timeouts."""
