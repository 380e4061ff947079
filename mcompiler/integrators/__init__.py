"""Integrators: tableaus that check themselves, and stepping written against the kernel interface only.

No model, no equation and no backend enters here.
"""
