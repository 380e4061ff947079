"""Equations as people read them: text for a terminal, LaTeX, and the model language.

A system becomes a `sheet`, plain data in reading order; the writers turn a sheet into one format each and know nothing of systems. No simplification:
what is printed is what is compiled, sorted as the model was written.
"""
