"""What every process has: its modules' path, logs, background work, the runtime directory."""
