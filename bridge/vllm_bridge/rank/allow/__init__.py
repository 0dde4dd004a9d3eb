"""What a client may call, touch and hand over."""
