"""What code written against vLLM's groups imports beside them, where vLLM is not installed."""
