"""What a machine needs to turn bytes into bytes: kernels, their compilation, the arena and the loop that runs tasks.

`workers` imports nothing of `farm` and can be shipped to another host alone.
"""
