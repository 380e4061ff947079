"""The numba backend: readable Python text from kernels, then one object that needs libm and libc only."""
