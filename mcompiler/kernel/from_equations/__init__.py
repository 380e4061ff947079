"""Kernels from equations: the one part of this room that imports sympy, because the consumer owns the translation."""
