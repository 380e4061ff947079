"""Equations: systems of templates on a graph, and the transformations from system to system (tangent, adjoint).

The room of sympy. Sizes, memory and code do not enter.
"""
