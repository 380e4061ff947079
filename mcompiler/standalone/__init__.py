"""Standalone targets: a compiled model as a library, an object, a program or a Python module that needs neither mcompiler nor (but for the last) Python.

    tables      what a description says, as C source and one file of numbers
    interface   the C interface of compiled functions, status codes, the public header, as C source
    build       the C compiler, and folders that are written whole or not at all
    from_model  from a loaded model to all of these
    runtime/    the C source that is the same for all models, and templates

What is solved and how code is made does not enter: descriptions and objects come from the rooms below.
"""
