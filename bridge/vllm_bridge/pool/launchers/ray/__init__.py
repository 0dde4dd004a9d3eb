"""Ranks on a Ray cluster: placement, actors, and the process in which Ray runs."""
