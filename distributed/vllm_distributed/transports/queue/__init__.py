"""Message queues: one writer, many readers."""
