"""One rank: a process that owns one rank's parallel state and serves it. Never imports the pool."""
