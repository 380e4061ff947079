"""Integrators: tableaus that check themselves, and stepping written against the kernel interface only.

    methods, trees, dop853                     tables, and what makes them right
    slots, signatures, entries                 the arrays and the C interface of what is compiled
    step, control, locate, events, output      one step; its size; where events are, what they do; what a step leaves behind
    steady                                     whether anything moves still
    advance                                    the resumable integrator
    reverse                                    its exact transpose
    interface, tape, workspace, run, gradient  Python around compiled code: what goes in and comes out, `integrate` and `reverse`

No model, no equation and no backend enters here.
"""
