"""Elixir out of the contract: messages, modules, and what their documentation says."""
