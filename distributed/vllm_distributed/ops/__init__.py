"""Operators registered with torch."""
