"""Groups apart from torch's world."""
