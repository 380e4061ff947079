"""Models: devices, circuits and experiments with every name resolved and every unit checked.

Plain data and our own small expressions: no sizes of networks, no sympy.
"""
