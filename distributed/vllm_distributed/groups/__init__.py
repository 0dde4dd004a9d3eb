"""Coordinators: the groups of this process, and the operations on them."""
