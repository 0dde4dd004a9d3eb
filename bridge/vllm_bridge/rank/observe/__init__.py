"""What is told of a rank's calls: traces, and recordings of the last ones."""
