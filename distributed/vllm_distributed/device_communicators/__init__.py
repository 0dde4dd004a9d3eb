"""vLLM's folder of this name, as far as it is not below `communicators` here."""
