"""The rules of `collectives`, by kind of call."""
