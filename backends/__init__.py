"""Backends: each turns kernels into code that runs, in a folder of its own, against the same small protocols.

The only rooms that import numba and llvmlite. No equations enter here: kernels and their layout are all a backend sees.
"""
