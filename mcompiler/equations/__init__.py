"""Equations: systems of templates on a graph, and the transformations from system to system (tangent, adjoint, error network, nudged).

The room of sympy. Sizes, memory and code do not enter.
"""
