"""What travels between ranks, as bytes."""
