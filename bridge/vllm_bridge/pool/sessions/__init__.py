"""Sessions: who owns them, which rank keeps their objects, when they end."""
