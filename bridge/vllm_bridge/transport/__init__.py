"""What is between two processes: addresses, frames, options and metadata of gRPC, the token."""
