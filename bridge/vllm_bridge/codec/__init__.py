"""Python values to messages and back: terms, tensors, references, errors."""
