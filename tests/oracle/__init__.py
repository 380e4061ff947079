"""Right-hand sides, closed forms and published figures, written from the papers in plain NumPy and SciPy.

Nothing here may import mcompiler: this package is what its library is judged by.
"""
