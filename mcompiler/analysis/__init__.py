"""What is true near a fixed point: where it is, whether it is stable and how stiff; and what a model weighs.

    memory       classes with their members, unknowns and bytes
    linear       the derivative of a system at a state as a function of directions, by compiled kernels of the derived tangent and error network
    spectrum     its eigenvalues: dense where that is small, Arnoldi's method elsewhere
    iterative    ARPACK and GMRES
    slow         ... of large systems whose edges have slow states
    fixed_point  a run until steady, then Newton's method
    analysis     all of it together; text writes it

scipy lives here, and is imported when a large system is analysed. Nothing is derived or compiled here: the solver gives programs.
"""
