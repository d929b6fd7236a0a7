"""What runs kernels: `python` (as written, the reference), `numba` (compilation), `objects` (machine code on disk)."""
