"""Generated code. Do not edit: run `make codegen`."""
