"""Functions that kernels share, written over lane vectors."""
