"""Facts of tensors, and the memory that results are put into."""
