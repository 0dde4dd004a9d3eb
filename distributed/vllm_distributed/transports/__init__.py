"""How bytes move within a group."""
