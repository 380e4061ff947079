"""The solver: a compiled network with its experiment, run and differentiated by the names that the model uses.

Arrays by name in, arrays by name out; how code is made does not enter, nor does any symbolic calculus.
"""
