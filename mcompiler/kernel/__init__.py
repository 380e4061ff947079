"""Kernels: loops over classes around straight-line bodies, their layout in flat arrays, verifier and interpreter.

Only ``from_equations`` knows sympy. Nothing here knows how a backend makes machine code.
"""
