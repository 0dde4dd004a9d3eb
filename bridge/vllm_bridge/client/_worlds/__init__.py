"""Whole worlds, and what is left in their ranks: both forms of the client, in coroutines."""
