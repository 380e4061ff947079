"""Networks: which element is joined to which, as classes of vertices and edges with index and value arrays.

Everything that depends on a size lives here. The only room that imports networkx; no sympy.
"""
