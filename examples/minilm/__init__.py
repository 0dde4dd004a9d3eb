"""Sentence embeddings of all-MiniLM-L6-v2, tensor parallel 2 x pipeline parallel 2."""
