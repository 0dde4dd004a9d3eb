"""What the pool shows: events, metrics, status, inspection."""
